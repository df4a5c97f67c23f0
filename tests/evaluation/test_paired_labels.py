import numpy as np
import pytest

from cmr_ssl.anatomy import LV, MYOCARDIUM, RV
from cmr_ssl.evaluation.paired_labels import PairedLabels, paired_view, same_frames
from cmr_ssl.sources.label_folder import LabelFolder, read_labels
from cmr_ssl.sources.nifti_files import EdEs, LabelFile
from tests.evaluation.hearts import SHAPE, STACK, drawn, write
from tests.labelled import UKB
from tests.studies import short_axis

ACDC = LabelFile("sa", "acdc.nii.gz", {1: "RV", 2: "myocardium", 3: "LV"})
PAIR = LabelFile("sa", EdEs("ed.nii.gz", "es.nii.gz", 1, 3), UKB.classes)


def view(folder, labels, file=UKB, affine=STACK, partial=False):
    write(folder, "s", labels, affine, file.file)
    return read_labels(folder / "s", file, partial)


def test_numbers_mean_what_each_side_declares(tmp_path):
    swapped = np.array([0, 3, 2, 1], np.uint8)[drawn()]
    both = paired_view(view(tmp_path, swapped, ACDC), view(tmp_path, drawn()))
    assert (both.predicted == both.true).all()
    assert (both.classes, both.notes) == ((LV, MYOCARDIUM, RV), [])


def test_a_map_stored_in_another_direction_is_turned_and_one_that_lies_elsewhere_is_refused(tmp_path):
    truth, flipped, moved = view(tmp_path, drawn()), STACK.copy(), STACK.copy()
    flipped[:3, 3] += STACK[:3, 0] * (SHAPE[0] - 1)
    flipped[:3, 0] *= -1
    both = paired_view(view(tmp_path, drawn()[::-1], affine=flipped), truth)
    assert (both.predicted == both.true).all()
    assert both.notes == ["the predicted map was turned or cropped onto the grid of the true one"]
    moved[:3, 3] += 3 * STACK[:3, 2]
    for affine in (moved, short_axis(SHAPE, spacing=2.5)):
        with pytest.raises(ValueError, match="the predicted map cannot be laid on the true one, taken for its image: "):
            paired_view(view(tmp_path, drawn(), affine=affine), truth)


def test_frames_are_compared_only_where_they_are_the_same_moment(tmp_path):
    cine = view(tmp_path, drawn((9, 8, 5, 7)))
    write(tmp_path, "s", drawn((9,))[..., 0], name="ed.nii.gz")
    write(tmp_path, "s", drawn((5,))[..., 0], name="es.nii.gz")
    pair = read_labels(tmp_path / "s", PAIR)
    assert pair.frames == (0, 2)
    for one, other in (same_frames(cine, pair), same_frames(pair, cine)):
        assert (one == other).all()
        assert len(one) == 2
    with pytest.raises(ValueError, match="the prediction has 4 frames and the truth 3, so which show the same moment"):
        same_frames(cine, view(tmp_path, drawn()))


def test_frames_that_both_tell_are_matched_by_their_number(tmp_path):
    one = view(tmp_path, drawn((9, 7)))._replace(frames=(0, 4))
    other = view(tmp_path, drawn((7, 5)))._replace(frames=(4, 9))
    predicted, true = same_frames(one, other)
    assert (predicted == true).all()
    assert len(true) == 1
    assert paired_view(one, other).notes == ["frames 9 of the truth were not predicted"]
    with pytest.raises(ValueError, match="the prediction shows frames 0, 4, the truth 9"):
        same_frames(one, view(tmp_path, drawn((5,)))._replace(frames=(9,)))


def test_classes_that_a_side_does_not_number_are_not_compared_but_said(tmp_path):
    only_lv = LabelFile("sa", "lv.nii.gz", {1: "LV"})
    lv, truth = view(tmp_path, (drawn() == 1).astype(np.uint8), only_lv), view(tmp_path, drawn())
    both = paired_view(lv, truth)
    assert both.classes == (LV,)
    assert both.notes == ["the numbering of the prediction lacks myocardium, RV, which is not compared"]
    assert paired_view(truth, lv).notes == ["the numbering of the truth lacks myocardium, RV, which is not compared"]
    rv = view(tmp_path, (drawn() == 3).astype(np.uint8), LabelFile("sa", "rv.nii.gz", {1: "RV"}))
    with pytest.raises(ValueError, match="the prediction numbers RV, the truth LV: they share no class"):
        paired_view(rv, lv)


def test_subjects_on_one_side_only_are_named(tmp_path):
    for side, subjects in (("p", "ab"), ("t", "bcd")):
        for subject in subjects:
            write(tmp_path / side, subject, drawn())
    labels = PairedLabels(LabelFolder(tmp_path / "p", [UKB]), LabelFolder(tmp_path / "t", [UKB], partial=True))
    shared, alone = labels.subjects()
    assert shared == ["b"]
    assert [(item.subject, item.why) for item in alone] == [
        ("a", "there is no truth of it"),
        ("", "2 subjects of the truth were not predicted: c, d"),
    ]
    before = labels.fingerprint("b")
    write(tmp_path / "p", "b", drawn(shift=1)[..., :2])
    assert labels.fingerprint("b") != before
    write(tmp_path / "other", "x", drawn())
    strangers = PairedLabels(LabelFolder(tmp_path / "other", [UKB]), labels.true)
    with pytest.raises(ValueError, match=r"share no subject: the names of the one are such as 'x', .* such as 'b'"):
        strangers.subjects()
