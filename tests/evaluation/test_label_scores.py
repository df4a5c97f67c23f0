import numpy as np
import pytest
import torch
from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance

from cmr_ssl.anatomy import LV
from cmr_ssl.evaluation.label_scores import compare_subject, frames_of
from cmr_ssl.evaluation.paired_labels import PairedLabels
from cmr_ssl.sources.label_folder import LabelFolder
from tests.evaluation.hearts import SPACING, drawn, write
from tests.labelled import UKB


def record(folder, predicted, true, every_frame=False):
    write(folder / "p", "s", predicted)
    write(folder / "t", "s", true)
    pair = PairedLabels(LabelFolder(folder / "p", [UKB]), LabelFolder(folder / "t", [UKB], partial=True))
    return compare_subject(every_frame, "s", pair.read("s"))


def wholes(record):
    return {(row["structure"], row["phase"]): row for row in record.rows[0]["wholes"]}


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_equal_maps_agree_in_everything_and_their_volumes_are_the_voxels(tmp_path, dtype):
    found = record(tmp_path, drawn().astype(dtype), drawn())
    assert found.status == "accepted"
    assert {(row["dice"], row["hd95_mm"], row["assd_mm"], row["missed"]) for row in wholes(found).values()} == {
        (1.0, 0.0, 0.0, False)
    }
    assert {*wholes(found)} == {(name, phase) for name in ("LV", "myocardium", "RV") for phase in ("ED", "ES")}
    assert len(found.rows[0]["planes"]) == 3 * 2 * 5
    volume = (drawn()[..., 0] == 1).sum() * SPACING**2 * 10 / 1000
    assert found.rows[0]["predicted"]["LVEDV (mL)"] == found.rows[0]["true"]["LVEDV (mL)"] == pytest.approx(volume)


def test_a_shift_has_the_dice_of_its_voxels_and_the_distances_of_monai_in_mm(tmp_path):
    true, predicted = drawn(), drawn(shift=2)
    predicted[:, :, 4] = 0  # a slice is missed, 10 mm from the next one
    row = wholes(record(tmp_path, predicted, true))["LV", "ED"]
    masks = [labels[..., 0] == 1 for labels in (predicted, true)]
    assert row["dice"] == pytest.approx(2 * (masks[0] & masks[1]).sum() / (masks[0].sum() + masks[1].sum()))
    given = [torch.from_numpy(np.ascontiguousarray(mask.T))[None, None] for mask in masks]
    steps = [(10.0, SPACING, SPACING)]
    hd95 = compute_hausdorff_distance(*given, include_background=True, percentile=95, spacing=steps)
    assd = compute_average_surface_distance(*given, include_background=True, symmetric=True, spacing=steps)
    assert (row["hd95_mm"], row["assd_mm"]) == pytest.approx((float(hd95), float(assd)), rel=1e-5)


def test_a_structure_that_was_missed_counts_as_zero_without_a_distance(tmp_path):
    predicted = drawn()
    predicted[predicted == 3] = 0
    row = wholes(record(tmp_path, predicted, drawn()))["RV", "ES"]
    assert (row["dice"], row["missed"]) == (0, True)
    assert np.isnan(row["hd95_mm"])
    assert {row["missed"] for row in wholes(record(tmp_path, 0 * drawn(), drawn())).values()} == {True}


def test_nothing_counts_where_nobody_labelled_and_no_volume_is_told_of_it(tmp_path):
    true, predicted = drawn(), drawn()
    true[:, :, 2] = 255
    predicted[:, :, 2] = 3
    found = record(tmp_path, predicted, true)
    assert {row["dice"] for row in wholes(found).values()} == {1.0}
    assert np.isnan(found.rows[0]["true"]["LVEDV (mL)"])
    assert any("unlabelled in part" in finding.message for finding in found.findings)


def test_ed_and_es_are_compared_or_all_frames_where_asked_or_unknown(tmp_path):
    assert {row["phase"] for row in wholes(record(tmp_path, drawn(), drawn(), True)).values()} == {"ED", "ES", "other"}
    true = np.zeros((3, 1, 4, 4), np.uint8)
    true[:2, 0, 1, 1] = LV
    assert frames_of(true, {}, every_frame=False) == {0: "other", 1: "other"}
    assert frames_of(true, {0: "ED", 1: "ES"}, every_frame=False) == {0: "ED", 1: "ES"}
    assert frames_of(true, {0: "ED", 2: "ES"}, every_frame=False) == {0: "ED", 1: "other"}


@pytest.mark.parametrize(
    ("predicted", "why"),
    [
        (drawn((9, 5)), "2 frames and the truth 3"),
        (drawn() + np.float32(0.5), "the prediction: seg_sa.nii.gz holds fractions"),
        (np.where(drawn() == 3, 7, drawn()).astype(np.uint8), "holds the numbers 7, which"),
    ],
)
def test_a_subject_of_which_nothing_can_be_compared_is_rejected_with_the_reason(tmp_path, predicted, why):
    found = record(tmp_path, predicted, drawn())
    assert found.status == "rejected"
    assert why in found.problem
