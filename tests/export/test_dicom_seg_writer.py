import numpy as np
import pytest
from pydicom import dcmread

from cmr_ssl.anatomy import LA, LV, MYOCARDIUM
from cmr_ssl.cli import main
from cmr_ssl.planes import LONG_AXIS, SHORT_AXIS
from cmr_ssl.sources.nifti_output import write_image
from tests.dicoms import FRAMES, LPS, SLICES, tiny, uid, unpacked, view_files

ED, ES = 1, 5
VIEWS = (SHORT_AXIS, LONG_AXIS[0])


@pytest.fixture
def study(tmp_path):
    """Return folders of one study: its DICOM files, and label maps of two views."""
    dicom, labels = tmp_path / "dicom", tmp_path / "labels" / "900000001"
    for view in VIEWS:
        series = tiny(view)
        drawn = np.zeros(series.pixels.shape, np.uint8)
        drawn[4:8, 4:9] = LA if view != SHORT_AXIS else LV
        drawn[4, 4, :, :] = 0 if view != SHORT_AXIS else MYOCARDIUM
        drawn[8:10, 4:9, :, ED] = drawn[4:6, 5, :, 0].max()
        drawn[7, 4:9, :, ES] = 0
        write_image(labels / f"seg6_{view}.nii.gz", drawn, series.affine, 50.0, "test")
        unpacked(dicom, view_files(series, FrameOfReferenceUID=uid("frame of reference")))
    return dicom, labels


def write(study, out):
    return main(["dicom-seg", "--dicom", str(study[0]), "--labels", str(study[1]), "--out", str(out)])


def test_segments_lie_on_the_images_they_were_drawn_on_and_refer_to_them(study, tmp_path):
    pytest.importorskip("highdicom")
    from highdicom.seg import segread

    assert write(study, tmp_path / "out") == 0
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == [f"{view}_frame{frame:02d}.dcm" for view in sorted(VIEWS) for frame in (ED, ES)]
    made = segread(tmp_path / "out" / f"sa_frame{ED:02d}.dcm")
    assert [made.get_segment_description(number).segment_label for number in (1, 2)] == ["LV", "myocardium"]
    volume = made.get_volume(segment_numbers=[1], combine_segments=True)
    series = tiny(SHORT_AXIS)
    assert (volume.array > 0).sum() == (4 * 5 - 1 + 2 * 5) * SLICES
    assert volume.array.shape == (SLICES, *series.pixels.shape[1::-1])
    where = volume.affine @ [2, 3, 5, 1]
    assert where[:3] * LPS == pytest.approx((series.affine @ [5, 3, 2, 1])[:3], abs=1e-3)
    drawn_on = {
        (
            tuple(np.round(group.PlanePositionSequence[0].ImagePositionPatient, 2)),
            group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID,
        )
        for group in made.PerFrameFunctionalGroupsSequence
    }
    assert drawn_on == {
        (
            tuple(np.round((series.affine @ [0, 0, index, 1])[:3] * LPS, 2)),
            uid("image", f"CINE_segmented_SAX_b{index + 1}", "120000", index, ED),
        )
        for index in range(SLICES)
    }
    assert len(made.ReferencedSeriesSequence) == SLICES


def test_the_same_labels_have_the_same_uids_others_have_others_and_nothing_is_replaced_unasked(study, tmp_path, capsys):
    pytest.importorskip("highdicom")
    assert write(study, tmp_path / "one") == write(study, tmp_path / "two") == 0
    one, two = ([dcmread(path) for path in sorted((tmp_path / name).iterdir())] for name in ("one", "two"))
    assert [made.SOPInstanceUID for made in one] == [made.SOPInstanceUID for made in two]
    assert len({made.SOPInstanceUID for made in one} | {made.SeriesInstanceUID for made in one}) == 2 * len(one)
    assert write(study, tmp_path / "one") == 1
    assert "name another folder" in capsys.readouterr().err


def test_a_study_of_somebody_else_or_with_repeated_series_is_one_sentence(study, tmp_path, capsys):
    unpacked(study[0], view_files(tiny(SHORT_AXIS), time="130000", FrameOfReferenceUID=uid("frame of reference")))
    assert write(study, tmp_path / "out") == 1
    error = capsys.readouterr().err
    assert f"sa, slice 0: 2 series have {FRAMES} images where it lies" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()
