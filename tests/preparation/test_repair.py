import numpy as np

from cmr_ssl.preparation.repair import repair
from tests.studies import series


def codes(findings):
    return [(found.code, found.severity, found.where) for found in findings]


def test_a_sound_series_is_left_as_it_is():
    one = series("sa")
    before = one.pixels.copy()
    assert repair(one, 8) == []
    assert one.acquired.all()
    np.testing.assert_array_equal(one.pixels, before)


def test_a_blank_frame_is_filled_from_its_neighbours():
    one = series("sa", noise=0.5)
    before = one.pixels.astype(float)
    one.pixels[:, :, 4, 0] = 0
    assert codes(repair(one, 8)) == [("missing-frames", "repaired", "sa slice 4")]
    expected = (before[:, :, 4, 15] + before[:, :, 4, 1]) / 2
    np.testing.assert_allclose(one.pixels[:, :, 4, 0], expected, atol=2)
    np.testing.assert_array_equal(np.argwhere(~one.acquired), [[4, 0]])


def test_a_slice_with_most_frames_blank_is_set_aside_alone():
    one = series("sa")
    one.pixels[:, :, 2, ::2] = 5
    one.pixels[:, :, 2, 3] = 5
    assert codes(repair(one, 8)) == [("missing-frames", "rejected", "sa slice 2")]
    np.testing.assert_array_equal(one.acquired.any(axis=1), np.arange(9) != 2)


def test_a_slice_with_fewer_frames_is_stretched_over_the_beat():
    one, short = series("sa", frames=16, noise=0.5), series("sa", frames=10, noise=0.5)
    whole = one.pixels[:, :, 4].astype(float)
    one.pixels[:, :, 4] = 0
    one.pixels[:, :, 4, :10] = short.pixels[:, :, 4]
    assert codes(repair(one, 8)) == [("short-slice", "repaired", "sa slice 4")]
    assert one.acquired.all()
    assert np.abs(one.pixels[:, :, 4] - whole).mean() < 2


def test_a_few_pixels_that_are_not_finite_become_zero_and_a_slice_that_is_mostly_so_is_set_aside():
    one = series("sa")
    one.pixels = one.pixels.astype(np.float32)
    one.pixels[3:6, 4, 0, 2] = [np.nan, np.inf, -np.inf]
    one.pixels[:50, :, 3] = np.nan
    findings = repair(one, 8)
    assert codes(findings) == [("not-finite", "repaired", "sa"), ("not-finite", "rejected", "sa slice 3")]
    assert findings[0].message.startswith(f"{3 + 50 * 64 * 16} pixels")
    assert (one.pixels[3:6, 4, 0, 2] == 0).all()
    assert np.isfinite(one.pixels).all()
    assert np.flatnonzero(~one.acquired.any(axis=1)).tolist() == [3]


def test_a_slice_that_never_changes_is_set_aside():
    one = series("sa")
    one.pixels[:, :, 1] = one.pixels[:, :, 1, :1]
    one.pixels[:, :, 2] = 77
    assert codes(repair(one, 8)) == [("constant", "rejected", "sa slice 2"), ("still", "rejected", "sa slice 1")]
    np.testing.assert_array_equal(np.flatnonzero(~one.acquired.any(axis=1)), [1, 2])


def test_a_missing_es_image_is_neither_invented_nor_reported():
    one = series("sa", phases=[0.0, 0.4])
    one.pixels[:, :, 0, 1] = 0
    one.acquired[0, 1] = False
    assert repair(one, 8) == []
    assert one.acquired[0].tolist() == [True, False]
    assert not one.pixels[:, :, 0, 1].any()
