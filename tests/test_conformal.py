import math

import numpy as np
import pytest

from cmr_ssl.conformal import LEVEL, coverage, half_width


def test_the_half_width_is_the_quantile_of_the_errors_that_a_new_one_needs():
    four, nan = np.array([1.0, -2, 3, -4]), math.nan
    widths = [half_width(four, level) for level in (0.8, 0.6, 0.9)]  # the ceil(5 * level)th of four: 4, 3 and 5
    np.testing.assert_equal(widths, [4, 3, nan])
    unknown = [half_width(np.array(errors), 0.5) for errors in ([1, -2, 3, nan], [nan], [])]
    np.testing.assert_equal(unknown, [2, nan, nan])


def test_new_subjects_are_covered_as_often_as_promised():
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(2000):
        calibration, new = rng.standard_t(3, 39), rng.standard_t(3, 1)
        shares.append(abs(new[0]) <= half_width(calibration))
    assert np.mean(shares) == pytest.approx(LEVEL, abs=0.02)


def test_coverage_is_the_share_within_and_has_an_interval():
    estimate = coverage(np.array([0.5, -1.0, 2.0, math.nan]), 1.0)
    assert estimate.value == pytest.approx(2 / 3)
    assert 0 < estimate.low < 2 / 3 < estimate.high < 1
    assert math.isnan(coverage(np.array([1.0]), math.nan).value)
    assert math.isnan(coverage(np.array([]), 1.0).value)


def test_every_subject_may_have_an_interval_of_its_own():
    errors, within = np.array([1.0, -2, 3, 4, 5]), np.array([1.0, 1, 4, math.nan, 4])
    assert coverage(errors, within).value == pytest.approx(2 / 4)
