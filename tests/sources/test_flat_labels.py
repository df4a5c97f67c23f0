import numpy as np
import pytest

from cmr_ssl.anatomy import LV
from cmr_ssl.sources.file_names import SUBJECT
from cmr_ssl.sources.flat_labels import FlatLabels, frames_of, labels_in
from cmr_ssl.sources.label_folder import LabelFolder
from cmr_ssl.sources.nifti_files import EdEs, LabelFile, standard_labels
from tests.studies import short_axis, write_image

SHAPE = (40, 36, 3)
FLAT = LabelFile("sa", "{subject}.nii.gz", {1: "LV"})
PAIR = LabelFile("sa", EdEs("{subject}_ED.nii.gz", "{subject}_ES.nii.gz"), {1: "LV"})


def write(folder, name, value=1, frames=1):
    labels = np.zeros((*SHAPE, frames), np.uint8)
    labels[10:20, 10:20] = value
    write_image(folder / name, labels, short_axis(SHAPE))


def test_cases_side_by_side_are_subjects(tmp_path):
    write(tmp_path, "case_001.nii.gz")
    write(tmp_path, "b.nii")
    (tmp_path / "dataset.json").write_text("{}")
    (tmp_path / "plans").mkdir()
    source = labels_in(tmp_path, [FLAT])
    assert isinstance(source, FlatLabels)
    assert source.subjects() == ["b", "case_001"]
    heart = source.read("case_001")
    assert (heart.views["sa"].map.labels == LV).sum() == 300
    assert source.read("nobody").problems[""] == "the folder holds none of {subject}.nii.gz"
    before = source.fingerprint("b"), source.fingerprint("case_001")
    (tmp_path / "b.nii").unlink()
    write(tmp_path, "b.nii", frames=2)
    assert source.fingerprint("b") != before[0]
    assert source.fingerprint("case_001") == before[1]


def test_two_files_of_a_subject_are_its_ends_of_the_beat(tmp_path):
    for name in ("a_ED.nii.gz", "a_ES.nii.gz", "b_ED.nii.gz"):
        write(tmp_path, name)
    source = labels_in(tmp_path, [PAIR])
    assert source.subjects() == ["a", "b"]
    assert source.read("a").views["sa"].map.labels.shape[0] == 2
    assert source.read("b").problems["sa"] == "b_ES.nii.gz is missing, the other half of an ED and ES pair"


def test_sub_folders_stay_sub_folders_and_a_folder_without_either_says_what_it_looked_for(tmp_path):
    with pytest.raises(FileNotFoundError, match="none of the 0 sub-folders"):
        labels_in(tmp_path, [FLAT]).subjects()
    write(tmp_path / "a", "a.nii.gz")
    assert type(labels_in(tmp_path, [FLAT])) is LabelFolder
    assert labels_in(tmp_path, [FLAT]).read("a").views
    write(tmp_path, "seg_sa.nii.gz")  # a name that tells no subject
    assert frames_of(tmp_path, standard_labels()) == frames_of(tmp_path / "none", [FLAT]) == {}


def test_a_name_that_tells_the_subject_twice_must_tell_the_same(tmp_path):
    twice = LabelFile("sa", "{subject}_of_{subject}.nii.gz", {1: "LV"})
    write(tmp_path, "a_of_a.nii.gz")
    write(tmp_path, "a_of_b.nii.gz")
    source = labels_in(tmp_path, [twice])
    assert source.subjects() == ["a"]
    assert source.facts_of("a") == {SUBJECT: "a"}


def test_a_file_a_frame_becomes_one_subject_over_time(tmp_path):
    for frame in (0, 7):
        write(tmp_path, f"a_frame{frame:02d}.nii.gz")
    write(tmp_path, "a_frame10.nii.gz", value=2)
    write(tmp_path, "b_frame03.nii.gz")
    by_frame = LabelFile("sa", "{subject}_frame{frame:02d}.nii.gz", {1: "LV"})
    source = labels_in(tmp_path, [by_frame])
    assert source.subjects() == ["a", "b"]
    assert source.read("b").views["sa"].frames == (3,)
    assert source.read("a").problems == {
        "sa": "frame 10: a_frame10.nii.gz holds the numbers 2, which the mapping {1: 'LV'} does not name"
    }
    before = source.fingerprint("a")
    (tmp_path / "a_frame10.nii.gz").unlink()
    again = labels_in(tmp_path, [by_frame])
    view = again.read("a").views["sa"]
    assert view.frames == (0, 7)
    assert view.map.labels.shape[0] == 2
    assert again.fingerprint("a") != before
    write(tmp_path, "a_frame07.nii.gz", frames=2)
    assert "the file of frame 7 holds other slices or frames than that of frame 0" in again.read("a").problems["sa"]
