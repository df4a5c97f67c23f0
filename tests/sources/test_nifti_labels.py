from dataclasses import replace

import numpy as np
import pytest

from cmr_ssl.anatomy import LA, LV, MYOCARDIUM, RV, UNLABELLED
from cmr_ssl.planes import slice_affine
from cmr_ssl.sources.nifti_files import EdEs, LabelFile, standard_labels
from cmr_ssl.sources.nifti_labels import attach_labels, mark_unannotated
from tests.labelled import UKB, picture
from tests.studies import series, write_image

ONE = series("sa", frames=10)
PAIR = LabelFile("sa", EdEs("ed.nii.gz", "es.nii.gz"), UKB.classes)


def drawn(one=ONE, frames=slice(None), values=(1, 2, 3)):
    labels = np.zeros(one.pixels.shape, dtype=np.uint8)
    for place, value in enumerate(values):
        labels[20 + 4 * place : 24 + 4 * place, 20:30, 2:6, frames] = value
    return labels


def attached(folder, labels, one=None, files=(UKB,)):
    """Attach a map, in the first of the files, to a series, or to a short axis that shows what is drawn."""
    one = one or replace(ONE, pixels=picture(labels))
    write_image(folder / files[0].file, labels, one.affine)
    return attach_labels(one, folder, list(files))


def test_a_full_label_map_is_kept_as_drawn_and_a_ventricle_that_nobody_drew_is_not_annotated(tmp_path):
    one, findings = attached(tmp_path, drawn())
    assert findings == []
    assert one.annotated == (LV, MYOCARDIUM, RV)
    np.testing.assert_array_equal(one.labels, drawn())
    one, _ = attached(tmp_path, drawn(values=(1, 2)))
    assert one.annotated == (LV, MYOCARDIUM)


def test_frames_without_any_structure_are_unlabelled(tmp_path):
    one, _ = attached(tmp_path, drawn(frames=[0, 4]))
    labelled = (one.labels != UNLABELLED).any(axis=(0, 1, 2))
    assert np.flatnonzero(labelled).tolist() == [0, 4]
    assert (one.labels[..., [0, 4]] != UNLABELLED).all()


def test_a_long_axis_map_annotates_all_it_can_name_since_a_chamber_may_lie_beside_the_plane(tmp_path):
    view = series("la_2ch", frames=10)
    labels = np.zeros(view.pixels.shape, dtype=np.uint8)
    labels[20:30, 20:30] = 1
    file = LabelFile("la_2ch", "seg_la_2ch.nii.gz", {1: "LA", 2: "RA"})
    one, _ = attached(tmp_path, labels, view, [file])
    assert one.annotated == (LA, 5)


def test_where_one_class_was_left_out_of_a_frame_its_background_is_unlabelled():
    labels = np.zeros((4, 4, 1, 2), dtype=np.uint8)
    labels[0, 0, 0, :] = LV
    labels[1, 1, 0, 0] = MYOCARDIUM
    blanked, absent = mark_unannotated(labels, (LV, MYOCARDIUM, RV))
    assert absent == (RV,)
    np.testing.assert_array_equal(blanked[..., 0], labels[..., 0])
    assert blanked[0, 0, 0, 1] == LV
    assert (np.delete(blanked[..., 1].ravel(), 0) == UNLABELLED).all()


def test_the_first_label_file_found_wins(tmp_path):
    one = replace(ONE, pixels=picture(drawn()))
    write_image(tmp_path / "seg_sa.nii.gz", drawn(), one.affine)
    write_image(tmp_path / "seg6_sa.nii.gz", drawn(values=(3, 3, 3)), one.affine)
    labelled, _ = attach_labels(one, tmp_path, standard_labels())
    assert set(np.unique(labelled.labels)) == {0, RV}


@pytest.mark.parametrize(
    ("labels", "affine"),
    [
        (drawn()[..., :-1], ONE.affine),
        (drawn(), ONE.affine * [[2], [1], [1], [1]]),
        (drawn() * 0, ONE.affine),
        (None, None),
    ],
    ids=["shape", "affine", "empty", "torn"],
)
def test_labels_that_do_not_fit_are_left_out_and_said(tmp_path, labels, affine):
    if labels is None:
        (tmp_path / "seg_sa.nii.gz").write_bytes(b"torn")
    else:
        write_image(tmp_path / "seg_sa.nii.gz", labels, affine)
    one, findings = attach_labels(series("sa", frames=10), tmp_path, [UKB])
    assert one.labels is None
    assert one.annotated == ()
    assert [(found.code, found.severity) for found in findings] == [("bad-labels", "noted")]


@pytest.fixture
def ed_es():
    """Return images of ED and ES that show labels, and the labels."""
    one = series("sa", phases=[0.0, 0.4])
    return replace(one, pixels=picture(drawn(one))), drawn(one)


def test_an_ed_es_pair_leaves_slices_without_es_unlabelled(tmp_path, ed_es):
    one, labels = ed_es
    one.acquired[0, 1] = False
    write_image(tmp_path / "ed.nii.gz", labels[..., 0], one.affine)
    write_image(tmp_path / "es.nii.gz", labels[:, :, 1:, 1], slice_affine(one.affine, 1))
    labelled, findings = attach_labels(one, tmp_path, [PAIR])
    assert findings == []
    assert (labelled.labels[:, :, 0, 1] == UNLABELLED).all()
    np.testing.assert_array_equal(labelled.labels[:, :, 1:], labels[:, :, 1:])


def test_es_labels_alone_leave_ed_unlabelled(tmp_path, ed_es):
    one, labels = ed_es
    write_image(tmp_path / "es.nii.gz", labels[..., 1], one.affine)
    labelled, _ = attach_labels(one, tmp_path, [PAIR])
    assert (labelled.labels[..., 0] == UNLABELLED).all()
    assert (labelled.labels[..., 1] != UNLABELLED).all()


def test_a_slice_between_drawn_ones_on_which_nothing_is_drawn_is_unlabelled(tmp_path):
    labels = drawn()
    labels[:, :, 3, 4] = 0
    read, findings = attached(tmp_path, labels, replace(ONE, pixels=picture(drawn())))
    unlabelled = (read.labels == UNLABELLED).any(axis=(0, 1))
    assert np.argwhere(unlabelled).tolist() == [[3, 4]]
    assert (read.labels[:, :, 3, 4] == UNLABELLED).all()
    (said,) = [found.message for found in findings if found.code == "undrawn-slice"]
    assert "in seg_sa.nii.gz nothing is drawn on slice 3 between drawn ones" in said
