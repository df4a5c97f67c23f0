from dataclasses import replace

import numpy as np
import pytest

from cmr_ssl.anatomy import LA, LV, MYOCARDIUM, RV, UNLABELLED
from cmr_ssl.planes import slice_affine
from cmr_ssl.sources.nifti_files import EdEs, LabelFile, standard_labels
from cmr_ssl.sources.nifti_labels import attach_labels, mark_unannotated, to_classes
from tests.labelled import picture
from tests.studies import series, write_image

SA = LabelFile("sa", "seg_sa.nii.gz", {1: "LV", 2: "myocardium", 3: "RV"})


def drawn(one, frames=slice(None), values=(1, 2, 3)):
    labels = np.zeros(one.pixels.shape, dtype=np.uint8)
    for place, value in enumerate(values):
        labels[20 + 4 * place : 24 + 4 * place, 20:30, 2:6, frames] = value
    return labels


def pictured(labels):
    """Return a short axis that shows what is drawn, if it has the same shape."""
    one = series("sa", frames=10)
    return replace(one, pixels=picture(labels)) if labels.shape == one.pixels.shape else one


def attached(folder, labels, one=None, files=(SA,), name="seg_sa.nii.gz", affine=None):
    one = one or pictured(labels)
    write_image(folder / name, labels, one.affine if affine is None else affine)
    return attach_labels(one, folder, list(files))


def test_numbers_become_classes_and_unknown_numbers_become_unlabelled():
    values = np.array([0, 1, 7, 3, 300, 1.5]).reshape(1, 1, 1, -1)
    labels, unknown = to_classes(values, {1: "RV", 3: "LV"})
    assert labels.ravel().tolist() == [0, RV, UNLABELLED, LV, UNLABELLED, UNLABELLED]
    assert unknown == [1.5, 7, 300]


def test_a_full_label_map_is_kept_as_drawn_and_a_ventricle_that_nobody_drew_is_not_annotated(tmp_path):
    one, findings = attached(tmp_path, drawn(series("sa", frames=10)))
    assert findings == []
    assert one.annotated == (LV, MYOCARDIUM, RV)
    np.testing.assert_array_equal(one.labels, drawn(one))
    one, _ = attached(tmp_path, drawn(series("sa", frames=10), values=(1, 2)))
    assert one.annotated == (LV, MYOCARDIUM)


def test_frames_without_any_structure_are_unlabelled(tmp_path):
    one, _ = attached(tmp_path, drawn(series("sa", frames=10), frames=[0, 4]))
    labelled = (one.labels != UNLABELLED).any(axis=(0, 1, 2))
    assert np.flatnonzero(labelled).tolist() == [0, 4]
    assert (one.labels[..., [0, 4]] != UNLABELLED).all()


def test_a_long_axis_map_annotates_all_it_can_name_since_a_chamber_may_lie_beside_the_plane(tmp_path):
    view = series("la_2ch", frames=10)
    labels = np.zeros(view.pixels.shape, dtype=np.uint8)
    labels[20:30, 20:30] = 1
    file = LabelFile("la_2ch", "seg_la_2ch.nii.gz", {1: "LA", 2: "RA"})
    one, _ = attached(tmp_path, labels, view, [file], "seg_la_2ch.nii.gz")
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
    one = pictured(drawn(series("sa", frames=10)))
    write_image(tmp_path / "seg_sa.nii.gz", drawn(one), one.affine)
    write_image(tmp_path / "seg6_sa.nii.gz", drawn(one, values=(3, 3, 3)), one.affine)
    labelled, _ = attach_labels(one, tmp_path, standard_labels())
    assert set(np.unique(labelled.labels)) == {0, RV}


@pytest.mark.parametrize("wrong", ["shape", "affine", "empty", "torn"])
def test_labels_that_do_not_fit_are_left_out_and_said(tmp_path, wrong):
    labels = drawn(series("sa", frames=10))
    affine = series("sa", frames=10).affine * ([[2], [1], [1], [1]] if wrong == "affine" else 1)
    labels = labels[..., :-1] if wrong == "shape" else labels * (wrong != "empty")
    one, _ = attached(tmp_path, labels, affine=affine) if wrong != "torn" else (None, None)
    if wrong == "torn":
        (tmp_path / "seg_sa.nii.gz").write_bytes(b"torn")
    one, findings = attach_labels(series("sa", frames=10), tmp_path, [SA])
    assert one.labels is None
    assert one.annotated == ()
    assert [(found.code, found.severity) for found in findings] == [("bad-labels", "noted")]


def test_an_ed_es_pair_leaves_slices_without_es_unlabelled(tmp_path):
    one = series("sa", phases=[0.0, 0.4])
    one.acquired[0, 1] = False
    labels = drawn(one)
    one = replace(one, pixels=picture(labels))
    file = LabelFile("sa", EdEs("ed.nii.gz", "es.nii.gz"), SA.classes)
    write_image(tmp_path / "ed.nii.gz", labels[..., 0], one.affine)
    write_image(tmp_path / "es.nii.gz", labels[:, :, 1:, 1], slice_affine(one.affine, 1))
    labelled, findings = attach_labels(one, tmp_path, [file])
    assert findings == []
    assert (labelled.labels[:, :, 0, 1] == UNLABELLED).all()
    np.testing.assert_array_equal(labelled.labels[:, :, 1:], labels[:, :, 1:])


def test_es_labels_alone_leave_ed_unlabelled(tmp_path):
    one = series("sa", phases=[0.0, 0.4])
    file = LabelFile("sa", EdEs("ed.nii.gz", "es.nii.gz"), SA.classes)
    one = replace(one, pixels=picture(drawn(one)))
    write_image(tmp_path / "es.nii.gz", drawn(one)[..., 1], one.affine)
    labelled, _ = attach_labels(one, tmp_path, [file])
    assert (labelled.labels[..., 0] == UNLABELLED).all()
    assert (labelled.labels[..., 1] != UNLABELLED).all()


def test_a_slice_between_drawn_ones_on_which_nothing_is_drawn_is_unlabelled(tmp_path):
    one = series("sa", frames=10)
    labels = drawn(one)
    one = pictured(labels)
    labels[:, :, 3, 4] = 0
    read, findings = attached(tmp_path, labels, one)
    assert (read.labels[:, :, 3, 4] == UNLABELLED).all()
    assert not (read.labels[:, :, 3, 5] == UNLABELLED).any()
    assert not (read.labels[:, :, [2, 4], 4] == UNLABELLED).any()
    assert [finding.message for finding in findings if finding.code == "undrawn-slice"] == [
        "in seg_sa.nii.gz nothing is drawn on slice 3 between drawn ones: it counts as unlabelled there"
    ]
