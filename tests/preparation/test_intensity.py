import numpy as np
import pytest

from cmr_ssl.preparation.intensity import heart_window, near_heart, to_uint8, window


def test_the_window_is_that_of_all_pixels_but_for_a_few_extreme_ones_though_only_some_are_looked_at():
    values = np.random.default_rng(0).normal(100, 10, (4, 64, 64))
    spoilt = values.copy()
    spoilt[0, 0, :20] = 1e6
    np.testing.assert_allclose(window(spoilt, 0.5, 99.5), window(values, 0.5, 99.5), atol=2)
    values = np.random.default_rng(0).normal(100, 10, 3_000_000)
    np.testing.assert_allclose(window(values, 1, 99), np.percentile(values, [1, 99]), atol=0.3)


def test_brightness_is_linear_between_the_levels_and_saturates_beyond():
    values = np.array([-5, 10, 15, 20, 30, 31, 99], dtype=np.int16)
    np.testing.assert_array_equal(to_uint8(values, (10.0, 30.0)), [0, 0, 64, 128, 255, 255, 255])


def test_what_outshines_the_heart_does_not_set_the_window_and_what_hardly_does_leaves_it_alone():
    heart = np.random.default_rng(0).uniform(20, 200, 5000)
    blood = 20 + 1.1 * 0.9 * 180  # above a tenth of the pixels
    for brightest, told in ((1000.0, blood), (280.0, blood), (240.0, 240.0), (150.0, 200.0)):
        values = np.concatenate([heart, np.full(500, brightest)])
        np.testing.assert_allclose(heart_window(values, heart, 0.5, 99.5), (20, told), atol=3)
        same = window(values, 0.5, 99.5)
        assert (heart_window(values, heart, 0.5, 99.5) == same) == (brightest <= 250)


def test_without_pixels_or_light_near_the_heart_the_window_is_that_of_the_series():
    values = np.linspace(0, 100, 1001)
    for inner in (values[:0], np.zeros(10)):
        assert heart_window(values, inner, 1, 99) == window(values, 1, 99)


def test_near_the_heart_is_a_cylinder_around_its_axis():
    across = np.diag([2.0, 2.0, 1.0, 1.0])
    across[:3, 3] = [-63.0, -63.0, 20.0]
    assert near_heart(across, 64).sum() * 4 == pytest.approx(np.pi * 40**2, rel=0.02)
    across[2, 3] = 61.0
    assert not near_heart(across, 64).any()
    along = np.array([[2.0, 0, 0, -79], [0, 0, 1, 0], [0, 2, 0, -79], [0, 0, 0, 1]])
    assert near_heart(along, 80).sum() * 4 == pytest.approx(80 * 120, rel=0.02)
