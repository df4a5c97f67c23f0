import numpy as np
import pytest

from cmr_ssl.anatomy import LA, LV, MYOCARDIUM, RA, RV
from cmr_ssl.sources.label_folder import LabelFolder, read_labels
from cmr_ssl.sources.nifti_files import EdEs, LabelFile, standard_labels
from tests.labelled import UKB
from tests.studies import long_axis, short_axis, write_image

SHAPE = (40, 36, 3)
STACK = short_axis(SHAPE)
PAIR = LabelFile("sa", EdEs("ed.nii.gz", "es.nii.gz"), {1: "LV", 2: "myocardium"})
LA_4CH = LabelFile("la_4ch", "seg_la_4ch.nii.gz", {1: "LA", 2: "RA"})


def drawn(shape=(*SHAPE, 4), values=(1, 2, 3)):
    labels = np.zeros(shape, np.uint8)
    for place, value in enumerate(values):
        labels[10 + 4 * place : 14 + 4 * place, 12:20] = value
    return labels


def read(folder, labels, file=UKB, affine=STACK, **options):
    write_image(folder / file.file, labels, affine, **options)
    return read_labels(folder, file)


def test_a_map_is_renumbered_and_keeps_its_place(tmp_path):
    labels, affine = read(tmp_path, drawn(values=(3, 1, 2)))[0]
    assert labels.shape == (4, 3, 36, 40)
    assert [labels[0, 0, 15, column] for column in (10, 14, 18, 30)] == [RV, LV, MYOCARDIUM, 0]
    np.testing.assert_allclose(affine, STACK, atol=1e-4)


@pytest.mark.parametrize(("frame_ms", "unit"), [(230.0, "sec"), (230.0, "msec"), (0.0, "sec"), (9.0, "sec")])
def test_a_time_between_frames_counts_only_where_a_heart_can_beat_so(tmp_path, frame_ms, unit):
    known = read(tmp_path, drawn(), frame_ms=frame_ms, unit=unit).frame_ms
    assert known == pytest.approx(230) if frame_ms == 230.0 else np.isnan(known)


def test_the_first_file_found_of_a_view_wins_and_no_image_is_needed(tmp_path):
    flat = drawn((40, 36, 1, 4), (1, 2))
    write_image(tmp_path / "s" / "seg_sa.nii.gz", drawn(), STACK)
    write_image(tmp_path / "s" / "seg6_sa.nii.gz", drawn(values=(5,)), STACK)
    write_image(tmp_path / "s" / "seg_la_4ch.nii.gz", flat, long_axis("la_4ch", (40, 36, 1)))
    heart = LabelFolder(tmp_path, [LA_4CH, *standard_labels()]).read("s")
    assert list(heart.views) == ["sa", "la_4ch"]
    assert heart.problems == {}
    assert set(np.unique(heart.views["sa"].map.labels)) == {0, RA}
    assert set(np.unique(heart.views["la_4ch"].map.labels)) == {0, LA, RA}


def write_pair(folder, es, by):
    """Write an end-diastolic map, and an end-systolic one that begins `by` slices further on."""
    affine = STACK.copy()
    affine[:3, 3] += by * STACK[:3, 2]
    write_image(folder / "ed.nii.gz", drawn(SHAPE, (1, 2)), STACK)
    write_image(folder / "es.nii.gz", es, affine)


def test_an_ed_and_es_pair_becomes_two_frames_on_the_slices_of_ed(tmp_path):
    write_pair(tmp_path, drawn((40, 36, 2), (1, 1)), 1)
    read = read_labels(tmp_path, PAIR)
    assert np.count_nonzero(read.map.labels == LV, axis=(2, 3)).tolist() == [[32, 32, 32], [0, 64, 64]]
    assert np.isnan(read.frame_ms)


def test_a_slice_of_es_that_ed_lacks_is_not_dropped_in_silence(tmp_path):
    labels = drawn(SHAPE, (1, 2))
    write_pair(tmp_path, labels, -1)
    with pytest.raises(ValueError, match=r"slice 0 of es\.nii\.gz lies where ed\.nii\.gz has none"):
        read_labels(tmp_path, PAIR)
    labels[:, :, 0] = 0
    write_pair(tmp_path, labels, -1)
    assert len(read_labels(tmp_path, PAIR).map.labels) == 2


@pytest.mark.parametrize("missing", ["es", "ed"])
def test_half_a_pair_is_no_beat(tmp_path, missing):
    write_pair(tmp_path, drawn(SHAPE, (1, 2)), 0)
    (tmp_path / f"{missing}.nii.gz").unlink()
    with pytest.raises(ValueError, match=rf"^{missing}\.nii\.gz is missing"):
        read_labels(tmp_path, PAIR)


def test_numbers_without_a_meaning_are_told_and_what_is_no_number_is_background(tmp_path):
    with pytest.raises(ValueError, match=r"seg_sa\.nii\.gz holds the numbers 7, 9, which"):
        read(tmp_path, drawn(values=(1, 7, 9)))
    labels = drawn().astype(np.float32)
    labels[0] = np.nan
    assert set(np.unique(read(tmp_path, labels).map.labels)) == {0, LV, MYOCARDIUM, RV}


@pytest.mark.parametrize(
    ("file", "shape", "message"),
    [
        (UKB, (40, 36, 1, 4), "has 1 slices where sa has several slices"),
        (LA_4CH, (40, 36, 4), "has 4 slices where la_4ch has one slice"),
        (UKB, (9, 36, 3, 4), "9 x 36 pixels"),
        (UKB, (40, 36, 3, 4, 2), "shape"),
    ],
)
def test_wrong_shapes_are_told(tmp_path, file, shape, message):
    with pytest.raises(ValueError, match=message):
        read(tmp_path, np.zeros(shape, np.uint8), file)


def test_a_volume_is_not_invented_from_a_file_without_geometry(tmp_path):
    with pytest.raises(ValueError, match=r"seg_sa\.nii\.gz has no geometry"):
        read(tmp_path, drawn(), affine=np.eye(4))
    sized = read(tmp_path, drawn(), affine=np.diag([1.5, 1.5, 10.0, 1.0])).map.affine
    np.testing.assert_allclose(np.linalg.norm(sized[:3, :3], axis=0), [1.5, 1.5, 10.0])
    with pytest.raises(ValueError, match="where it cuts the heart is unknown"):
        read(tmp_path, drawn((40, 36, 1, 4), (1, 2)), LA_4CH, np.diag([1.5, 1.5, 6.0, 1.0]))


def test_every_sub_folder_is_a_subject_and_what_is_wrong_with_it_is_a_problem(tmp_path):
    write_image(tmp_path / "sound" / "seg_sa.nii.gz", drawn(), STACK)
    for name in ("empty", "torn", ".hidden"):
        (tmp_path / name).mkdir()
    (tmp_path / "torn" / "seg_sa.nii.gz").write_bytes(b"\x1f\x8b torn")
    source = LabelFolder(tmp_path, [UKB])
    found = {subject: source.read(subject) for subject in source.subjects()}
    assert {subject: list(one.views) for subject, one in found.items()} == {"empty": [], "sound": ["sa"], "torn": []}
    assert found["sound"].problems == {}
    assert found["empty"].problems == {"": "the folder holds none of seg_sa.nii.gz"}
    assert "seg_sa.nii.gz cannot be read" in found["torn"].problems["sa"]


def test_the_folder_of_one_subject_and_one_without_any_label_map_are_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="is no folder"):
        LabelFolder(tmp_path / "none", [UKB]).subjects()
    (tmp_path / "s").mkdir()
    with pytest.raises(FileNotFoundError, match=r"none of the 1 sub-folders .* holds one of seg_sa\.nii\.gz"):
        LabelFolder(tmp_path, [UKB]).subjects()
    write_image(tmp_path / "s" / "seg_sa.nii.gz", drawn(), STACK)
    with pytest.raises(FileNotFoundError, match=f"name the folder above it, {tmp_path}"):
        LabelFolder(tmp_path / "s", standard_labels()).subjects()
