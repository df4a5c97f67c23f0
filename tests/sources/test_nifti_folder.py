import os

import numpy as np
import pytest

from cmr_ssl.planes import LONG_AXIS
from cmr_ssl.sources import EdEs, NiftiFiles, NiftiFolder
from cmr_ssl.sources.nifti_folder import join_ed_es
from cmr_ssl.sources.nifti_image import Image
from tests.studies import series, short_axis, study, write_image, write_study

SUBJECT = "900000001"


@pytest.fixture
def folder(tmp_path):
    write_study(tmp_path, study(frames=10, frame_ms=80.0))
    return tmp_path


def source(folder, **images):
    return NiftiFolder(folder, NiftiFiles(images=images) if images else NiftiFiles())


def said_of(folder):
    """Return the views that are read of the subject, and what was found."""
    read = source(folder).read(SUBJECT)
    return [*read.views], [(one.code, one.severity, one.where) for one in read.findings], read


def test_a_folder_of_cines_is_read_as_written(folder):
    read = source(folder).read(SUBJECT)
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
    assert source(folder).subjects() == [SUBJECT, "a'quote", "b odd näme"]


def test_the_folder_of_one_subject_is_told_from_one_of_subjects_and_one_without_any_is_one_sentence(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match=f"name the folder above it, {folder}"):
        source(folder / SUBJECT).subjects()
    with pytest.raises(FileNotFoundError, match="is no folder"):
        source(tmp_path / "nowhere").subjects()
    (tmp_path / "empty" / "someone").mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match=r"1 sub-folders.*sa\.nii\.gz"):
        source(tmp_path / "empty").subjects()


def test_other_names_come_through_the_mapping(folder):
    (folder / SUBJECT / "sa.nii.gz").rename(folder / SUBJECT / "shortaxis.nii.gz")
    assert [one.view for one in source(folder, sa="shortaxis.nii.gz").read(SUBJECT).series] == ["sa"]


def test_a_view_that_cannot_be_read_costs_only_itself_and_an_empty_folder_is_a_finding(folder):
    (folder / SUBJECT / "la_3ch.nii.gz").write_bytes(b"no image")
    views, said, read = said_of(folder)
    assert views == ["sa", "la_2ch", "la_4ch"]
    assert said == [("unreadable", "rejected", "la_3ch")]
    assert "la_3ch.nii.gz" in read.findings[0].message
    for path in (folder / SUBJECT).iterdir():
        path.unlink()
    assert said_of(folder)[:2] == ([], [("no-images", "rejected", "")])


@pytest.mark.parametrize(
    ("view", "left", "said"),
    [
        ("la_2ch", ["sa", "la_3ch", "la_4ch"], [("no-place", "rejected", "la_2ch")]),
        ("sa", ["sa"], [("no-orientation", "repaired", "sa"), *(("no-place", "rejected", la) for la in LONG_AXIS)]),
    ],
)
def test_without_orientation_a_long_axis_has_no_place_and_a_short_axis_loses_the_others(folder, view, left, said):
    write_image(folder / SUBJECT / f"{view}.nii.gz", series(view, frames=10).pixels, np.eye(4))
    assert said_of(folder)[:2] == (left, said)


def test_the_fingerprint_changes_with_the_files_and_only_with_them(folder):
    before = source(folder).fingerprint(SUBJECT)
    (folder / SUBJECT / "notes.txt").write_text("nothing to us")
    assert source(folder).fingerprint(SUBJECT) == before
    os.utime(folder / SUBJECT / "sa.nii.gz", ns=(1, 1))
    touched = source(folder).fingerprint(SUBJECT)
    (folder / SUBJECT / "la_2ch.nii.gz").unlink()
    assert len({before, touched, source(folder).fingerprint(SUBJECT)}) == 3


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
def test_an_ed_es_pair_in_files_becomes_two_frames_with_or_without_orientation_and_half_a_pair_none(tmp_path, code):
    files = {name: tmp_path / "x" / f"{name}.nii.gz" for name in ("ed", "es")}
    for path, image in zip(files.values(), pair(), strict=True):
        write_image(path, image.pixels[..., 0], image.affine, code=code)
    folder = source(tmp_path, sa=EdEs("ed.nii.gz", "es.nii.gz"))
    read = folder.read("x")
    assert read.series[0].pixels.shape == (40, 40, 6, 2)
    assert read.series[0].acquired[:, 1].tolist() == [False, True, True, True, True, False]
    assert [one.code for one in read.findings] == ([] if code else ["no-orientation"])
    files["es"].unlink()
    read = folder.read("x")
    assert read.series == []
    assert [(one.code, one.where) for one in read.findings] == [("half-missing", "sa")]


def test_a_view_in_parts_is_rejected_and_one_whose_slices_are_stored_twice_is_none(folder):
    path = folder / SUBJECT / "sa.nii.gz"
    path.rename(path.with_name("sa_00.nii.gz"))
    _, said, read = said_of(folder)
    assert said == [("unread-file", "rejected", "sa")]
    assert "sa_00.nii.gz" in read.findings[0].message
    one = study(frames=10, frame_ms=80.0).series[0]
    write_image(path, one.pixels.repeat(2, axis=2), one.affine)
    views, _, read = said_of(folder)
    assert "sa" not in views
    assert "in sa.nii.gz every slice is stored twice" in read.findings[0].message
