import numpy as np
import pytest

from cmr_ssl.dicom.cine import find_cines
from tests.dicoms import FRAME_MS, codes, header
from tests.studies import long_axis

PLANE = long_axis("la_2ch", (16, 16, 1), 12.0)
SHUFFLED = (5, 2, 7, 0, 1, 6, 3, 4)


def found(times, frames=SHUFFLED, **values):
    """Return the cines of frames with other trigger times, and what was found."""
    return find_cines([header(PLANE, frame, trigger_ms=times(frame), **values) for frame in frames])


def assert_ordered(cine, missing=()):
    assert [None if image is None else image.instance for image in cine.frames] == [
        None if frame in missing else header(PLANE, frame).instance for frame in range(len(cine.frames))
    ]


@pytest.mark.parametrize(
    ("times", "severity"),
    [
        (lambda frame: 1e-3 * frame * FRAME_MS, "repaired"),  # s
        (lambda frame: 1e3 * frame * FRAME_MS, "repaired"),  # us
        (lambda frame: frame, "noted"),  # counts
        (lambda frame: 1000 * frame, "noted"),
        (lambda frame: 1000 * (frame + 1), "noted"),
    ],
)
def test_frames_in_another_unit_or_counted_are_timed_by_the_beat(times, severity):
    (cine,), findings = found(times)
    assert_ordered(cine)
    assert cine.frame_ms == pytest.approx(FRAME_MS)
    assert [(one.code, one.severity) for one in findings] == [("trigger-unit", severity)]


def test_seconds_that_cover_a_part_of_the_beat_keep_their_spacing():
    (cine,), _ = found(lambda frame: frame * 0.08)
    assert cine.frame_ms == pytest.approx(80.0)


@pytest.mark.parametrize(
    "times",
    [lambda frame: frame * 1e-3 * FRAME_MS, lambda frame: frame, lambda frame: 1 + frame, lambda frame: frame / 100],
)
def test_without_a_beat_small_numbers_order_frames_and_the_heart_rate_is_unknown(times):
    (cine,), findings = found(times, interval_ms=np.nan)
    assert_ordered(cine)
    assert np.isnan(cine.frame_ms)
    assert codes(findings) == ["trigger-unit"]
    assert "TriggerTime" in findings[0].message


@pytest.mark.parametrize("times", [lambda frame: frame, lambda frame: 1000 * frame])
def test_a_frame_missing_among_counted_ones_leaves_its_gap(times):
    (cine,), _ = found(times, frames=[frame for frame in SHUFFLED if frame != 4])
    assert_ordered(cine, missing=[4])


@pytest.mark.parametrize("values", [{"expected": 1}, {"expected": 0}, {"expected": 0, "interval_ms": np.nan}])
def test_images_over_many_beats_are_no_cine_and_their_times_are_named(values):
    cines, findings = found(lambda frame: 1000 * frame, **values)
    assert not cines
    assert codes(findings) == ["no-beat"]
    assert "TriggerTime" in findings[0].message


def test_images_acquired_one_a_beat_are_no_cine_however_many_are_expected():
    cines, _ = find_cines(
        [header(PLANE, frame, trigger_ms=900.0 * frame, acquired_s=50 + 0.9 * frame) for frame in range(8)]
    )
    assert not cines


@pytest.mark.parametrize("interval", [0.0, 0.9, 12.0, 60_000.0, -800.0])
def test_a_beat_that_no_heart_has_is_no_beat(interval):
    (cine,), _ = found(lambda frame: frame * 1e-3, interval_ms=interval)
    assert np.isnan([cine.frame_ms, cine.interval_ms]).all()


def test_arrhythmia_and_missing_ends_are_no_other_unit():
    for scale in (0.5, 1.4):
        (cine,), findings = found(lambda frame, scale=scale: frame * FRAME_MS * scale)
        assert cine.frame_ms == pytest.approx(FRAME_MS * scale)
        assert not findings


@pytest.mark.parametrize("interval", [FRAME_MS * 8, np.nan])
def test_times_over_several_beats_are_no_counts(interval):
    frames = range(40)
    images = [header(PLANE, frame, trigger_ms=frame * FRAME_MS, expected=40, interval_ms=interval) for frame in frames]
    cines, findings = find_cines(images)
    assert not cines
    assert codes(findings) == ["no-beat"]
