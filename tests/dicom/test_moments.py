import numpy as np
import pytest

from cmr_ssl.dicom.moments import over_midnight, to_seconds


@pytest.mark.parametrize(("time", "seconds"), [("000001", 1.0), ("01:02:03.25", 3723.25), ("010203,5", 3723.5)])
def test_times_are_seconds_of_the_day(time, seconds):
    assert to_seconds("", time) == seconds


@pytest.mark.parametrize("time", ["", "noon", "12"])
def test_what_is_no_time_is_unknown(time):
    assert np.isnan(to_seconds("20200301", time))


def test_a_day_that_never_was_is_no_error_and_times_go_on_over_midnight():
    assert to_seconds("20200399", "000001") == 1.0
    assert to_seconds("20200301", "000001") - to_seconds("20200229", "235959") == pytest.approx(2.0)
    assert over_midnight([86399.5, 0.5, 86399.0]) == [86399.5, 86400.5, 86399.0]
    for times in ([10.0, 20.0], [0.0, 86400.5], [], [np.nan, 1.0]):
        assert over_midnight(times) is times
