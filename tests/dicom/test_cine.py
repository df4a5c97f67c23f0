import numpy as np
import pytest

from cmr_ssl.dicom.cine import find_cines, places_in_beat, sort_frames
from tests.dicoms import FRAME_MS, FRAMES, codes, header, headers, stack_affines
from tests.studies import long_axis

PLANE = long_axis("la_2ch", (16, 16, 1), 12.0)
NAME = "CINE_segmented_LAX_2Ch"


def only(found):
    """Return the one cine there is."""
    cines, findings = found
    (cine,) = cines
    return cine, findings


def test_frames_stand_in_the_order_of_their_trigger_times_whatever_the_order_of_files():
    images = [header(PLANE, index, NAME) for index in (5, 2, 7, 0, 1, 6, 3, 4)]
    cine, findings = only(find_cines(images))
    assert [frame.trigger_ms for frame in cine.frames] == [index * FRAME_MS for index in range(FRAMES)]
    assert cine.frame_ms == pytest.approx(FRAME_MS)
    assert not findings


@pytest.mark.parametrize("time", [np.nan, 37.0])
def test_without_trigger_times_or_with_equal_ones_the_numbers_order_the_frames_and_the_beat_times_them(time):
    images = [image._replace(trigger_ms=time) for image in reversed(headers(PLANE, NAME))]
    cine, findings = only(find_cines(images))
    assert [frame.number for frame in cine.frames] == list(range(1, FRAMES + 1))
    assert cine.frame_ms == pytest.approx(FRAME_MS)
    assert codes(findings) == ["trigger-times"]


@pytest.mark.parametrize("missing", [[0], [3], [7], [2, 3], [0, 7]])
def test_a_missing_frame_leaves_a_gap_at_its_place(missing):
    there = [index for index in range(10) if index not in missing]
    images = headers(PLANE, NAME, there, expected=10, interval_ms=1000.0)
    cine, _ = only(find_cines(images))
    assert [index for index, frame in enumerate(cine.frames) if frame is None] == missing
    assert cine.missing == len(missing)
    assert cine.frame_ms == pytest.approx(FRAME_MS)


def test_a_gap_is_seen_in_the_trigger_times_alone_and_a_late_start_is_none():
    images = headers(PLANE, NAME, [0, 1, 2, 3, 5, 6, 7, 8, 9], expected=0)
    assert [index for index, frame in enumerate(only(find_cines(images))[0].frames) if frame is None] == [4]
    images = [image._replace(trigger_ms=image.trigger_ms + 30.0) for image in headers(PLANE, NAME)]
    assert only(find_cines(images))[0].missing == 0


@pytest.mark.parametrize("first", [1, 21])  # numbers may run on over the slices of a series
def test_missing_frames_are_placed_by_number_where_times_say_nothing(first):
    images = [header(PLANE, index, NAME, trigger_ms=float("nan"), number=first + index) for index in (0, 1, 3, 4)]
    assert places_in_beat(images, 5, float("nan")) == [0, 1, 3, 4]


def test_slices_of_one_series_are_told_apart_by_where_they_lie_but_not_by_rounding():
    images = [image for plane in stack_affines(3) for image in headers(plane, "CINE_segmented_SAX")]
    grid = images[0].grid
    images[0] = images[0]._replace(grid=grid._replace(position=tuple(value + 1e-4 for value in grid.position)))
    cines, findings = find_cines(images)
    assert [(len(cine.frames), cine.missing) for cine in cines] == [(FRAMES, 0)] * 3
    assert len({cine.grid.position for cine in cines}) == 3
    assert not findings


@pytest.mark.parametrize("name", ["SAX_InlineVF", "Inline_VF", "Ao_dist", "LVOT", "flow_AoV_ePAT@c_MAG", "tagging_3sl"])
def test_other_series_are_left_out_by_their_own_name_and_counted(name):
    cines, findings = find_cines(headers(PLANE, name))
    assert not cines
    code = "inline-result" if "Inline" in name else "other-series"
    assert [(found.code, found.value) for found in findings] == [(code, FRAMES)]


def test_the_same_image_twice_and_two_of_one_moment_count_once():
    cine, findings = only(find_cines([*headers(PLANE, NAME), header(PLANE, 3, NAME)]))
    assert len(cine.frames) == FRAMES
    assert codes(findings) == ["duplicate-image"]
    double = header(PLANE, 3, NAME, instance="another", number=50)
    ordered, findings = sort_frames([*headers(PLANE, NAME), double])
    assert [image.number for image in ordered] == list(range(1, FRAMES + 1))
    assert [(found.code, found.value) for found in findings] == [("double-frames", 1)]


def test_a_picture_or_a_series_over_many_beats_is_no_cine():
    still = headers(PLANE, "T1", range(3))
    perfusion = [header(PLANE, index, "perfusion", trigger_ms=index * 900.0, interval_ms=900.0) for index in range(20)]
    cines, findings = find_cines(still + perfusion)
    assert not cines
    assert [(found.code, found.value) for found in findings] == [("no-beat", 1), ("not-a-cine", 1)]


def test_frames_that_are_not_evenly_spread_are_said():
    images = headers(PLANE, NAME)
    images[4] = images[4]._replace(trigger_ms=images[4].trigger_ms + 40.0)
    _, findings = only(find_cines(images))
    assert codes(findings) == ["uneven-frames"]
    assert findings[0].value == pytest.approx(40.0, abs=8.0)


@pytest.mark.parametrize("values", [*({"expected": count} for count in (10, 12, 30)), {"instance": "anonymous"}])
def test_frames_counted_beyond_the_beat_do_not_exist_and_images_that_share_one_uid_do(values):
    cine, findings = only(find_cines(headers(PLANE, NAME, **values)))
    assert (len(cine.frames), cine.missing) == (FRAMES, 0)
    assert not findings


@pytest.mark.parametrize(
    "values",
    [
        lambda frame: {"inversion": f"{100 + 80 * frame}"},  # a map of T1
        lambda frame: {"trigger_ms": 150.0, "expected": 1, "acquired_s": 100 + 0.9 * frame},  # perfusion
        lambda frame: {"trigger_ms": np.nan, "expected": 0, "acquired_s": 100 + 0.9 * frame},
    ],
)
def test_maps_and_perfusion_are_no_beats_whatever_orders_their_images(values):
    cines, _ = find_cines([image._replace(**values(frame)) for frame, image in enumerate(headers(PLANE, "dynamic"))])
    assert not cines


@pytest.mark.parametrize("name", ["cine flow-comp SAX", "SAX no_tagging", "cine overflow", "3CH_LVOT", "Herz stage 2"])
def test_names_that_only_sound_like_other_series_are_cines_and_no_slice_is_thicker_than_any(name):
    (cine,), _ = find_cines(headers(PLANE, name, thickness=80.0))
    assert (cine.name, cine.thickness) == (name, 0.0)


def test_clocks_may_pass_midnight():
    images = headers(PLANE, NAME, trigger_ms=np.nan, number=0)
    timed = [image._replace(acquired_s=(86399.6 + 0.1 * frame) % 86400) for frame, image in enumerate(images)]
    cine, _ = only(find_cines(timed[::-1]))
    assert [frame.instance for frame in cine.frames] == [image.instance for image in images]
