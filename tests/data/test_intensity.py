import numpy as np

from cmr_ssl.data.intensity import to_uint8, window


def test_a_few_extreme_pixels_do_not_move_the_window():
    values = np.random.default_rng(0).normal(100, 10, (4, 64, 64))
    spoilt = values.copy()
    spoilt[0, 0, :20] = 1e6
    np.testing.assert_allclose(window(spoilt, 0.5, 99.5), window(values, 0.5, 99.5), atol=2)


def test_the_window_is_that_of_all_pixels_though_only_some_are_looked_at():
    values = np.random.default_rng(0).normal(100, 10, 3_000_000)
    np.testing.assert_allclose(window(values, 1, 99), np.percentile(values, [1, 99]), atol=0.3)


def test_brightness_is_linear_between_the_levels_and_saturates_beyond():
    values = np.array([-5, 10, 15, 20, 30, 31, 99], dtype=np.int16)
    np.testing.assert_array_equal(to_uint8(values, (10.0, 30.0)), [0, 0, 64, 128, 255, 255, 255])
