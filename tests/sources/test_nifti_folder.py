import os

import numpy as np
import pytest

from cmr_ssl.planes import LONG_AXIS
from cmr_ssl.sources import EdEs, NiftiFiles, NiftiFolder
from cmr_ssl.sources.nifti_folder import join_ed_es
from cmr_ssl.sources.nifti_image import Image
from tests.studies import series, short_axis, study, write_image, write_study


@pytest.fixture
def folder(tmp_path):
    write_study(tmp_path, study(frames=10, frame_ms=80.0))
    return tmp_path


def source(folder, **images):
    return NiftiFolder(folder, NiftiFiles(images=images) if images else NiftiFiles())


def test_a_folder_of_cines_is_read_as_written(folder):
    read = source(folder).read("900000001")
    assert read.findings == []
    assert [one.view for one in read.series] == ["sa", "la_2ch", "la_3ch", "la_4ch"]
    for one, written in zip(read.series, study(frames=10, frame_ms=80.0).series, strict=True):
        np.testing.assert_array_equal(one.pixels, written.pixels)
        assert one.acquired.all()
        assert one.frame_ms == pytest.approx(80)


def test_subjects_are_folders_sorted_and_hidden_ones_are_not(folder):
    for name in ("b odd näme", "a'quote", ".hidden"):
        (folder / name).mkdir()
    (folder / "phenotypes.csv").write_text("eid\n")
    assert source(folder).subjects() == ["900000001", "a'quote", "b odd näme"]


def test_the_folder_of_one_subject_is_told_from_one_of_subjects(folder):
    with pytest.raises(FileNotFoundError, match=f"name the folder above it, {folder}"):
        source(folder / "900000001").subjects()


def test_a_folder_without_any_subject_is_one_sentence(tmp_path):
    with pytest.raises(FileNotFoundError, match="is no folder"):
        source(tmp_path / "nowhere").subjects()
    (tmp_path / "someone").mkdir()
    with pytest.raises(FileNotFoundError, match=r"1 sub-folders.*sa\.nii\.gz"):
        source(tmp_path).subjects()


def test_other_names_come_through_the_mapping(folder):
    (folder / "900000001" / "sa.nii.gz").rename(folder / "900000001" / "shortaxis.nii.gz")
    read = source(folder, sa="shortaxis.nii.gz").read("900000001")
    assert [one.view for one in read.series] == ["sa"]


def test_a_view_that_cannot_be_read_costs_only_itself(folder):
    (folder / "900000001" / "la_3ch.nii.gz").write_bytes(b"no image")
    read = source(folder).read("900000001")
    assert [one.view for one in read.series] == ["sa", "la_2ch", "la_4ch"]
    assert [(one.code, one.severity, one.where) for one in read.findings] == [("unreadable", "rejected", "la_3ch")]
    assert "la_3ch.nii.gz" in read.findings[0].message


def test_an_empty_folder_is_a_finding(folder):
    (folder / "empty").mkdir()
    read = source(folder).read("empty")
    assert read.series == []
    assert [(one.code, one.severity) for one in read.findings] == [("no-images", "rejected")]


@pytest.mark.parametrize(
    ("view", "left", "said"),
    [
        ("la_2ch", ["sa", "la_3ch", "la_4ch"], [("no-place", "rejected", "la_2ch")]),
        ("sa", ["sa"], [("no-orientation", "repaired", "sa"), *(("no-place", "rejected", la) for la in LONG_AXIS)]),
    ],
)
def test_without_orientation_a_long_axis_has_no_place_and_a_short_axis_loses_the_others(folder, view, left, said):
    one = series(view, frames=10)
    write_image(folder / "900000001" / f"{view}.nii.gz", one.pixels, np.eye(4))
    read = source(folder).read("900000001")
    assert [one.view for one in read.series] == left
    assert [(one.code, one.severity, one.where) for one in read.findings] == said


def test_the_fingerprint_changes_with_the_files_and_only_with_them(folder):
    before = source(folder).fingerprint("900000001")
    (folder / "900000001" / "notes.txt").write_text("nothing to us")
    assert source(folder).fingerprint("900000001") == before
    os.utime(folder / "900000001" / "sa.nii.gz", ns=(1, 1))
    touched = source(folder).fingerprint("900000001")
    (folder / "900000001" / "la_2ch.nii.gz").unlink()
    assert len({before, touched, source(folder).fingerprint("900000001")}) == 3


def pair(ed_slices=6, es_slices=4, first=1):
    ed = series("sa", phases=[0.0], shape=(40, 40, ed_slices)).pixels
    es = series("sa", phases=[0.4], shape=(40, 40, es_slices)).pixels
    affine = short_axis((40, 40, ed_slices))
    shifted = affine.copy()
    shifted[:3, 3] += first * affine[:3, 2]
    return Image(ed, affine, np.nan), Image(es, shifted, np.nan)


@pytest.mark.parametrize("flipped", [False, True])
def test_es_slices_are_matched_by_where_they_lie(flipped):
    ed, es = pair()
    if flipped:
        affine = es.affine.copy()
        affine[:3, 3] += 3 * affine[:3, 2]
        affine[:3, 2] *= -1
        es = Image(es.pixels[:, :, ::-1], affine, np.nan)
    joined, slices = join_ed_es(ed, es)
    assert (slices >= 0).tolist() == [False, True, True, True, True, False]
    np.testing.assert_array_equal(joined.pixels[..., 0], ed.pixels[..., 0])
    np.testing.assert_array_equal(joined.pixels[:, :, 1:5, 1], pair()[1].pixels[..., 0])
    assert not joined.pixels[:, :, [0, 5], 1].any()


def test_pairs_that_do_not_belong_together_are_refused():
    ed, es = pair()
    with pytest.raises(ValueError, match="one image grid"):
        join_ed_es(ed, es._replace(pixels=es.pixels[:-1]))
    with pytest.raises(ValueError, match="no slice of ES"):
        join_ed_es(*pair(first=9))


@pytest.mark.parametrize("code", [1, 0])
def test_an_ed_es_pair_in_files_becomes_two_frames_with_or_without_orientation(tmp_path, code):
    ed, es = pair()
    write_image(tmp_path / "x" / "ed.nii.gz", ed.pixels[..., 0], ed.affine, code=code)
    write_image(tmp_path / "x" / "es.nii.gz", es.pixels[..., 0], es.affine, code=code)
    read = source(tmp_path, sa=EdEs("ed.nii.gz", "es.nii.gz")).read("x")
    assert read.series[0].pixels.shape == (40, 40, 6, 2)
    assert read.series[0].acquired[:, 1].tolist() == [False, True, True, True, True, False]
    assert [one.code for one in read.findings] == ([] if code else ["no-orientation"])


def test_half_a_pair_is_a_finding(tmp_path):
    ed, _ = pair()
    write_image(tmp_path / "x" / "ed.nii.gz", ed.pixels[..., 0], ed.affine)
    read = source(tmp_path, sa=EdEs("ed.nii.gz", "es.nii.gz")).read("x")
    assert read.series == []
    assert [(one.code, one.where) for one in read.findings] == [("half-missing", "sa")]


def test_a_view_in_parts_is_rejected_with_the_remedy(folder):
    (folder / "900000001" / "sa.nii.gz").rename(folder / "900000001" / "sa_00.nii.gz")
    read = source(folder).read("900000001")
    assert [(found.code, found.severity, found.where) for found in read.findings] == [("unread-file", "rejected", "sa")]
    assert "sa_00.nii.gz" in read.findings[0].message


def test_slices_that_are_stored_twice_are_no_view(folder):
    one = study(frames=10, frame_ms=80.0).series[0]
    write_image(folder / "900000001" / "sa.nii.gz", one.pixels.repeat(2, axis=2), one.affine)
    read = source(folder).read("900000001")
    assert "sa" not in read.views
    assert "in sa.nii.gz every slice is stored twice" in read.findings[0].message
