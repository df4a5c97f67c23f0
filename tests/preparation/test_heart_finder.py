import numpy as np
import pytest

from cmr_ssl.planes import LONG_AXIS, normal
from cmr_ssl.preparation.heart_finder import beat_power, find_heart, nearest_on_planes, pulsating_centre, pulsation
from tests.right_ventricle import MIDDLE, with_right_ventricle
from tests.studies import AXES, CENTRE, long_axis, series, short_axis, study

AWAY = CENTRE + 35 * AXES[0] - 20 * AXES[1]


def off(series, point=MIDDLE):
    """Return how far from a point the heart is found, mm, and the codes of what is said."""
    centre, findings = find_heart(series)
    return np.linalg.norm(centre - point), [found.code for found in findings]


@pytest.mark.parametrize("first", ["base", "apex"])
def test_what_pulses_in_the_short_axis_is_the_heart_wherever_it_lies_in_the_image(first):
    one = with_right_ventricle(series("sa", affine=short_axis(at=AWAY, first=first)))
    assert off([one]) == (pytest.approx(0, abs=4), [])


@pytest.mark.parametrize("views", [LONG_AXIS, ("la_4ch",)])
def test_the_long_axis_or_one_plane_of_it_finds_the_heart_and_says_so(views):
    assert off(study(views).series, CENTRE) == (pytest.approx(0, abs=4), ["no-short-axis"])


def test_the_centre_does_not_move_when_long_axis_planes_are_missing():
    whole, short = study(), study(("sa",))
    np.testing.assert_array_equal(find_heart(whole.series)[0], find_heart(short.series)[0])


def test_ed_and_es_find_the_heart_although_each_image_has_its_own_brightness():
    one = with_right_ventricle(series("sa", affine=short_axis(at=AWAY), phases=[0.0, 0.4]))
    scale = np.random.default_rng(0).uniform(0.5, 2.0, one.pixels.shape[2:])
    one.pixels = one.pixels * scale.astype(np.float32)
    assert off([one])[0] < 5


def test_slices_without_es_have_no_say():
    one = with_right_ventricle(series("sa", phases=[0.0, 0.4]))
    one.pixels[:, :, :2, 1] = 0
    one.acquired[:2, 1] = False
    assert off([one])[0] < 10


def test_noise_is_no_heart():
    made = study(noise=15.0)
    for one in made.series:
        quiet = np.broadcast_to(one.pixels.mean(axis=3, keepdims=True), one.pixels.shape)
        one.pixels = quiet + np.random.default_rng(1).normal(0, 15, one.pixels.shape).astype(np.float32)
    centre, findings = find_heart(made.series)
    assert centre is None
    assert [(found.code, found.severity) for found in findings] == [("no-pulsation", "rejected")]


def test_a_few_bright_flickering_pixels_do_not_outvote_the_heart():
    one = with_right_ventricle(series("sa"))
    flicker = 3000 * (1 + np.cos(2 * np.pi * np.arange(16) / 16))
    one.pixels[2:6, 2:6] += flicker.astype(np.int16)
    assert off([one])[0] < 8


def test_long_axis_planes_that_cut_elsewhere_are_noted():
    aside = [series(view, affine=long_axis(view, at=CENTRE + 45 * AXES[0])) for view in LONG_AXIS]
    whole = [with_right_ventricle(series("sa")), *aside]
    assert off(whole) == (pytest.approx(0, abs=4), ["centre-disagreement"])


def test_nearest_on_planes_keeps_what_planes_leave_open_and_one_moves_a_point_straight_onto_itself():
    point = CENTRE + [9.0, -14.0, 5.0]
    planes = [long_axis(view) for view in LONG_AXIS]
    nearest = nearest_on_planes(point, planes)
    for affine in planes:
        assert abs(normal(affine) @ (nearest - CENTRE)) < 1e-9
    assert (nearest - point) @ AXES[2] == pytest.approx(0, abs=1e-9)
    affine = long_axis("la_2ch")
    nearest = nearest_on_planes(CENTRE + 7 * normal(affine) + 3 * AXES[2], [affine])
    np.testing.assert_allclose(nearest, CENTRE + 3 * AXES[2], atol=1e-9)


def test_power_splits_a_slow_wave_from_noise():
    frames = 32
    rng = np.random.default_rng(0)
    pixels = rng.normal(0, 3, (60, 60, 1, frames))
    pixels[30:] += 10 * np.cos(2 * np.pi * 2 * np.arange(frames) / frames)
    power, noise = beat_power(pixels)
    assert (power - noise)[:30].mean() == pytest.approx(0, abs=1)
    assert (power - noise)[30:].mean() == pytest.approx(100 * frames / 4, rel=0.02)
    assert noise.mean() == pytest.approx(9 * 3, rel=0.02)


def with_bowel(one, at, width=4.0):
    """Let a region around a place of the picture, in pixels, move irregularly over the beat, as gas in a bowel does."""
    columns, rows = np.indices(one.pixels.shape[:2])
    near = np.hypot(columns - at[0], rows - at[1]) < width
    waves = 150 * np.cos(2 * np.pi * (np.arange(16)[:, None] / 16 + np.random.default_rng(0).uniform(size=near.sum())))
    one.pixels[near] += waves.T[:, None].astype(np.int16)
    return one


@pytest.mark.parametrize("aside", [-44.0, 44.0])
def test_a_picture_that_ends_at_the_heart_does_not_draw_its_centre_away(aside):
    affine = short_axis((42, 40, 9), at=CENTRE + aside * AXES[0])
    cut = with_bowel(series("sa", affine=affine, shape=(42, 40, 9)), (20 + np.sign(aside) * 2, 20), 7.0)
    assert np.linalg.norm(pulsating_centre(pulsation([cut])) - CENTRE) > 25
    assert off([cut], CENTRE) == (pytest.approx(0, abs=22), [])


def test_where_what_pulses_lies_beside_what_looks_like_a_heart_it_is_either_mended_or_said():
    rng = np.random.default_rng(3)
    for _ in range(12):
        at = np.array([36, 32]) + rng.uniform(14, 24) * np.array([np.cos(a := rng.uniform(0, 6.3)), np.sin(a)])
        distance, said = off([with_bowel(series("sa"), at, rng.uniform(8, 14))], CENTRE)
        assert distance < 26 or said == ["unsure-heart"]
