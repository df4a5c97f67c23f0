import numpy as np
import pytest

from cmr_ssl.preparation import beat_frames
from cmr_ssl.preparation.beat_frames import beats_differ, frame_duration, nearest_frames, phases, resample_beat
from tests.studies import series


def wave(count):
    return np.cos(2 * np.pi * phases(count))[:, None].astype(np.float32)


def test_an_equal_count_copies_the_very_frames():
    frames = np.random.default_rng(0).integers(-9, 9, (7, 3, 2)).astype(np.int16)
    resampled = resample_beat(frames, 7)
    assert resampled.dtype == np.int16
    np.testing.assert_array_equal(resampled, frames)


@pytest.mark.parametrize(("source", "target"), [(25, 50), (16, 50), (50, 16), (49, 50)])
def test_a_smooth_beat_keeps_its_shape_at_any_count(source, target):
    np.testing.assert_allclose(resample_beat(wave(source), target), wave(target), atol=(np.pi / source) ** 2 / 2 + 1e-6)


def test_doubling_puts_midpoints_between_neighbours_around_the_circle_and_the_first_frame_stays_the_first():
    doubled = resample_beat(np.array([[0.0], [2.0], [6.0]]), 6)
    np.testing.assert_allclose(doubled[:, 0], [0, 1, 2, 4, 6, 3], rtol=1e-6)
    np.testing.assert_array_equal(resample_beat(wave(17), 50)[0], wave(17)[0])


def test_resampling_commutes_with_turning_the_beat():
    frames = np.random.default_rng(1).normal(size=(10, 4)).astype(np.float32)
    turned = resample_beat(np.roll(frames, 3, axis=0), 50)
    np.testing.assert_allclose(turned, np.roll(resample_beat(frames, 50), 15, axis=0), atol=1e-6)


def test_a_missing_last_frame_is_filled_across_the_end_of_the_beat():
    known = np.array([0.0, 0.25, 0.5])
    filled = beat_frames.interpolate_cyclic(np.array([[4.0], [1.0], [2.0]]), known, phases(4))
    np.testing.assert_allclose(filled[:, 0], [4, 1, 2, 3])


@pytest.mark.parametrize(("source", "target"), [(25, 50), (50, 50), (20, 50), (50, 16)])
def test_a_label_goes_to_the_nearest_frame_of_the_circle(source, target):
    distance = np.abs(phases(source)[:, None] - phases(target))
    distance = np.minimum(distance, 1 - distance)
    found = distance[np.arange(source), nearest_frames(source, target)]
    np.testing.assert_allclose(found, distance.min(axis=1), atol=1e-12)


RIGHT, WRONG, UNKNOWN = [], [("frame-unit", "repaired", "sa")], [("frame-duration", "noted", "sa")]


@pytest.mark.parametrize(
    ("step", "unit", "frames", "told", "said"),
    [
        *((step, unit, 50, 20.0, RIGHT) for step, unit in zip((0.02, 20.0, 2e4), ("sec", "msec", "usec"), strict=True)),
        (20.0, "sec", 50, 20.0, WRONG),
        (0.02, "msec", 50, 20.0, WRONG),
        (20.0, "unknown", 50, 20.0, WRONG),
        (0.02, "hz", 50, 20.0, WRONG),
        *((step, "sec", 50, np.nan, UNKNOWN) for step in (0.0, 1.0, -20.0, np.nan)),
        (1.0, "unknown", 2, np.nan, RIGHT),  # two frames are no beat, and nobody complains
    ],
)
def test_a_beat_is_read_in_the_unit_that_makes_sense_or_unknown(step, unit, frames, told, said):
    duration, findings = frame_duration(step, unit, frames, "sa")
    assert duration == pytest.approx(told, nan_ok=True)
    assert [(found.code, found.severity, found.where) for found in findings] == said


@pytest.mark.parametrize(("frame_ms", "said"), [(95.0, []), (97.0, ["beats-differ"]), (np.nan, [])])
def test_views_acquired_at_clearly_different_heart_rates_are_noted(frame_ms, said):
    views = [series("la_2ch", frames=10, frame_ms=80.0), series("la_4ch", frames=10, frame_ms=frame_ms)]
    assert [found.code for found in beats_differ(views)] == said
