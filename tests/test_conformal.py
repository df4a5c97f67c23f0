import math

import numpy as np
import pytest

from cmr_ssl.conformal import LEVEL, coverage, half_width


@pytest.mark.parametrize(
    ("errors", "level", "width"),
    [
        ([1, -2, 3, -4], 0.8, 4.0),  # the ceil(5 * .8) = 4th of four
        ([1, -2, 3, -4], 0.6, 3.0),
        ([1, -2, 3, math.nan], 0.5, 2.0),
        ([1, -2, 3, -4], 0.9, math.nan),  # the fifth of four
        ([math.nan], 0.5, math.nan),
        ([], 0.5, math.nan),
    ],
)
def test_the_half_width_is_the_quantile_of_the_errors_that_a_new_one_needs(errors, level, width):
    np.testing.assert_equal(half_width(np.array(errors, dtype=float), level), width)


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
