import numpy as np
import pytest

from cmr_ssl.dicom.moments import moment


@pytest.mark.parametrize(("time", "seconds"), [("000001", 1.0), ("01:02:03.25", 3723.25), ("010203,5", 3723.5)])
def test_times_are_seconds_of_the_day(time, seconds):
    assert moment("", time) == seconds


def test_a_scan_over_midnight_goes_on():
    assert moment("20200301", "000001") - moment("20200229", "235959") == pytest.approx(2.0)


@pytest.mark.parametrize("time", ["", "noon", "12"])
def test_what_is_no_time_is_unknown(time):
    assert np.isnan(moment("20200301", time))


def test_a_day_that_never_was_is_no_error():
    assert moment("20200399", "000001") == 1.0
