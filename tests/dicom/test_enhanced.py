import numpy as np
import pytest
from pydicom.uid import JPEG2000Lossless, RLELossless

from cmr_ssl.dicom.header import CONVERTED_MR, MR_IMAGE
from tests.dicom.hostile import one_group_too_few, without_groups, without_places
from tests.dicoms import (
    FRAME_MS,
    FRAMES,
    SLICES,
    codes,
    encoded,
    enhanced,
    functional_groups,
    read_zip,
    slice_of,
    temporal_indices,
    tiny,
    trigger_delays,
    view_files,
)

WHOLE = tiny("sa")
BACKWARDS = range(FRAMES * SLICES)[::-1]
SCALED = {"PixelValueTransformationSequence": {"RescaleSlope": "0.5", "RescaleIntercept": "10", "RescaleType": "US"}}


def read(tmp_path, *objects, **files):
    stored = {f"{index}.dcm": encoded(one) for index, one in enumerate(objects)} | files
    return read_zip(tmp_path, stored)


def assert_whole(series):
    """The short axis is the one that was written."""
    assert np.array_equal(series.pixels, WHOLE.pixels)
    assert series.affine == pytest.approx(WHOLE.affine, abs=1e-6)
    assert series.acquired.all()


@pytest.mark.parametrize("order", [None, BACKWARDS, np.random.default_rng(2).permutation(FRAMES * SLICES)])
def test_frames_stand_where_their_own_groups_say_in_whatever_order_they_are_stored(order, tmp_path):
    study, series = read(tmp_path, enhanced(WHOLE, order=order))
    assert_whole(series["sa"])
    assert series["sa"].frame_ms == pytest.approx(FRAME_MS)
    assert not study.findings


def test_converted_objects_keep_the_elements_of_classic_images(tmp_path):
    def packed(_, frame):
        return {"UnassignedPerFrameConvertedAttributesSequence": {"TriggerTime": f"{frame * FRAME_MS}"}}

    _, series = read(tmp_path, enhanced(WHOLE, order=BACKWARDS, grouped=packed, SOPClassUID=CONVERTED_MR))
    assert_whole(series["sa"])
    assert series["sa"].frame_ms == pytest.approx(FRAME_MS)


def test_scaling_may_differ_from_frame_to_frame(tmp_path):
    def scaled(index, frame):
        return trigger_delays(index, frame) | (SCALED if index == 1 else {})

    _, series = read(tmp_path, enhanced(WHOLE, grouped=scaled))
    expected = WHOLE.pixels.astype(np.float32)
    expected[:, :, 1] = expected[:, :, 1] * 0.5 + 10
    assert series["sa"].pixels == pytest.approx(expected)


@pytest.mark.parametrize("ge", [False, True])  # which says so in private elements
def test_phase_frames_of_an_object_are_left_out_and_counted(tmp_path, ge):
    def parts(index, frame):
        part = "PHASE" if index >= SLICES else "MAGNITUDE"
        group = {"MRImageFrameTypeSequence": {"FrameType": ["ORIGINAL"], "ComplexImageComponent": part}}
        return trigger_delays(index, frame) | group

    both = tiny("sa")
    both.pixels = np.concatenate([WHOLE.pixels, 400 - WHOLE.pixels], axis=2)
    silent = {"ImageType": ["ORIGINAL", "PRIMARY", "OTHER", "NONE"]}
    made = enhanced(both, **silent) if ge else enhanced(both, grouped=parts)
    for index, group in enumerate(made.PerFrameFunctionalGroupsSequence):
        place = functional_groups(slice_of(WHOLE, index // FRAMES % SLICES)[1])
        group.PlanePositionSequence = place.PlanePositionSequence
        if ge:
            group.add_new(0x00430010, "LO", "GEMS_PARM_01")
            group.add_new(0x0043102F, "SS", int(index >= FRAMES * SLICES))
    study, series = read(tmp_path, made)
    assert_whole(series["sa"])
    assert [(found.code, found.value) for found in study.findings] == [("not-magnitude", FRAMES * SLICES)]


def test_classic_and_enhanced_objects_make_one_study(tmp_path):
    study, series = read(tmp_path, enhanced(WHOLE), **view_files(tiny("la_4ch")))
    assert list(series) == ["sa", "la_4ch"]
    assert np.array_equal(series["la_4ch"].pixels, tiny("la_4ch").pixels)
    assert not study.findings


def test_an_object_a_frame_and_an_object_a_slice_are_as_good(tmp_path):
    la = tiny("la_2ch")
    single = []
    for frame in range(FRAMES):
        one = tiny("la_2ch")
        one.pixels = la.pixels[..., frame : frame + 1]
        group = {"CardiacSynchronizationSequence": {"NominalCardiacTriggerDelayTime": frame * FRAME_MS}}
        made = enhanced(one, grouped=lambda *_, group=group: group, InstanceNumber=str(frame + 1))
        made.SOPInstanceUID = made.file_meta.MediaStorageSOPInstanceUID = f"2.25.{frame + 1}"
        single.append(made)
    _, series = read(tmp_path, enhanced(WHOLE), *single)
    assert np.array_equal(series["la_2ch"].pixels, la.pixels)


def test_the_same_series_filed_both_ways_is_one_series(tmp_path):
    classic = view_files(WHOLE, SeriesInstanceUID="2.25.7", AcquisitionTime="120000")
    study, series = read(tmp_path, enhanced(WHOLE, SeriesInstanceUID="2.25.7"), **classic)
    assert_whole(series["sa"])
    assert {"several-acquisitions", "re-acquired"} == set(codes(study.findings))


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_compressed_frames_are_decoded_one_by_one(syntax, tmp_path):
    made = enhanced(WHOLE, BitsStored=16, HighBit=15)
    try:
        made.compress(syntax, generate_instance_uid=False)
    except (RuntimeError, NotImplementedError):
        pytest.skip("no encoder here")
    _, series = read(tmp_path, made)
    assert_whole(series["sa"])


def of_another_class(made):
    made.SOPClassUID = made.file_meta.MediaStorageSOPClassUID = MR_IMAGE
    without_groups(made)


@pytest.mark.parametrize("spoil", [without_groups, without_places, one_group_too_few, of_another_class])
def test_a_short_axis_that_cannot_be_understood_is_missed_aloud(spoil, tmp_path):
    place = {"ImagePositionPatient": ["0", "0", "0"], "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"]}
    made = enhanced(WHOLE, PixelSpacing=["12", "12"], **place)
    spoil(made)
    study, series = read(tmp_path, made, **view_files(tiny("la_4ch")))
    assert list(series) == ["la_4ch"]
    (loud,) = [found for found in study.findings if found.severity == "rejected"]
    assert loud.where == "sa"
    assert loud.message.startswith("the short axis is missing")


def test_pixels_that_end_early_cost_the_frames_that_are_not_there(tmp_path):
    made = enhanced(WHOLE)
    made.PixelData = made.PixelData[: -2 * made.Rows * made.Columns * 2]
    study, series = read(tmp_path, made)
    assert [found.value for found in study.findings if found.code == "missing-frames"] == [2]
    assert int((~series["sa"].acquired).sum()) == 2


def dimension_indices(index, frame):
    """Return the group that says the rank of a frame in each dimension."""
    return {"FrameContentSequence": {"StackID": "1", "DimensionIndexValues": [1, index + 1, frame + 1]}}


def clock(index, frame):
    """Return the group that says when a frame was acquired."""
    return {"FrameContentSequence": {"FrameAcquisitionDateTime": f"201508301200{10 * index:02d}.{frame:02d}"}}


@pytest.mark.parametrize(
    ("grouped", "name"),
    [
        (temporal_indices, "temporal positions"),
        (dimension_indices, "temporal positions"),
        (clock, "acquisition times"),
    ],
)
def test_ranks_and_clocks_order_frames_without_delays_and_the_beat_times_them(grouped, name, tmp_path):
    study, series = read(tmp_path, enhanced(WHOLE, order=BACKWARDS, grouped=grouped))
    assert_whole(series["sa"])
    assert series["sa"].frame_ms == pytest.approx(FRAME_MS)
    assert {found.code for found in study.findings} == {"trigger-times"}
    assert all(f"their {name} did" in found.message for found in study.findings)


def test_frames_whose_order_no_group_tells_are_left_out(tmp_path):
    study, series = read(tmp_path, enhanced(WHOLE, grouped=lambda *_: {}))
    assert not series
    assert {*codes(study.findings)} == {"no-order"}
