import numpy as np
import pytest
import torch
from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance

from cmr_ssl.anatomy import LA, LV, MYOCARDIUM, RV, UNLABELLED
from cmr_ssl.overlap import dice_per_structure, outline_distances, scores, summarise

ALL = np.ones((1, 6), dtype=bool)
PHASES = {0: "ED"}


def square(value=LV, at=4, side=8):
    """Return one plane and frame with a square, (1, 1, 24, 24)."""
    labels = np.zeros((1, 1, 24, 24), np.uint8)
    labels[..., at : at + side, at : at + side] = value
    return labels


def score(predicted, true, annotated=ALL, spacing=(1.0, 1.0), phases=PHASES):
    steps = np.array([spacing] * len(true))
    return scores(predicted, true, annotated, ["sa"] * len(true), steps, phases, "900000001")


def test_a_perfect_map_scores_one_what_is_absent_from_both_nothing_and_only_the_phases_asked_for_are_compared():
    (found,) = score(square(), square())
    assert (found.structure, found.dice, found.hd95_mm, found.assd_mm, found.missed) == ("LV", 1.0, 0.0, 0.0, False)
    assert score(np.zeros_like(square()), np.zeros_like(square())) == []
    assert {found.structure for found in score(square(RV), square(LV))} == {"RV", "LV"}
    twice = np.concatenate([square(), square()], axis=1)
    assert {found.frame for found in score(twice, twice, phases={1: "ES"})} == {1}


def test_a_shift_costs_what_geometry_says_in_mm_of_columns_and_rows():
    moved = np.roll(square(), 2, axis=3)  # two columns of 1.5 mm
    (found,) = score(moved, square(), spacing=(1.5, 1.0))
    assert found.dice == pytest.approx(2 * 48 / 128)
    assert found.hd95_mm == pytest.approx(3.0)
    assert 0 < found.assd_mm < 3.0
    down = np.roll(square(), 2, axis=2)
    assert score(down, square(), spacing=(1.5, 1.0))[0].hd95_mm == pytest.approx(2.0)


def test_outlines_lie_as_far_apart_as_monai_says():
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[:32, :32]
    for _ in range(20):
        one, other = (
            ((rows - row) / 5) ** 2 + ((columns - column) / radius) ** 2 < 1
            for row, column, radius in rng.uniform((10, 10, 3), (22, 22, 8), (2, 3))
        )
        masks = [torch.from_numpy(mask)[None, None] for mask in (one, other)]
        hd95 = compute_hausdorff_distance(*masks, include_background=True, percentile=95, spacing=[(2.0, 1.5)])
        assd = compute_average_surface_distance(*masks, include_background=True, symmetric=True, spacing=[(2.0, 1.5)])
        found = outline_distances(one, other, np.array([2.0, 1.5]))
        assert found == pytest.approx((float(hd95), float(assd)), rel=1e-5)


def test_missed_and_invented_structures_have_no_distance_but_count():
    (missed,) = score(np.zeros_like(square()), square())
    (invented,) = score(square(), np.zeros_like(square()))
    assert (missed.dice, missed.missed) == (0.0, True)
    assert (invented.dice, invented.missed) == (0.0, False)
    assert np.isnan([missed.hd95_mm, invented.hd95_mm]).all()


def test_what_nobody_labelled_does_not_count():
    true = square()
    true[..., 12:, :] = UNLABELLED
    predicted = square()
    predicted[..., 13:, :] = LV
    assert score(predicted, true)[0].dice == 1.0
    only_atrium = np.zeros((1, 6), dtype=bool)
    only_atrium[0, [0, LA]] = True
    assert score(square(MYOCARDIUM), np.zeros_like(square()), annotated=only_atrium) == []
    assert score(square(), np.full_like(square(), UNLABELLED)) == []
    alone = np.where(square() == LV, LV, UNLABELLED).astype(np.uint8)  # with nothing labelled beside it
    everywhere = np.full_like(alone, LV)
    assert score(everywhere, alone) == []
    assert dice_per_structure(*(torch.from_numpy(one)[None] for one in (everywhere, alone, ALL))).isnan().all()


def test_a_subject_with_many_planes_weighs_as_much_as_one_with_few():
    good, bad = square(), np.zeros_like(square())
    many = scores(*[np.concatenate([good] * 3)] * 2, np.ones((3, 6), bool), ["sa"] * 3, 1.0, PHASES, "900000001")
    few = scores(bad, good, ALL, ["sa"], 1.0, PHASES, "900000002")
    table = summarise([*many, *few])
    for view in ("sa", "all"):
        row = table[table["view"] == view].iloc[0]
        assert row["dice mean"] == pytest.approx(0.5)
        assert (row["N subjects"], row["missed"], row["hd95_mm"]) == (2, 1, 0.0)


def test_the_dice_of_training_is_of_whole_subjects_and_nan_where_absent():
    true = torch.from_numpy(np.concatenate([square(LV), square(RV)])).unsqueeze(1)  # two subjects of one plane
    predicted = torch.from_numpy(np.concatenate([np.roll(square(LV), 2, axis=3), square(LV)])).unsqueeze(1)
    dice = dice_per_structure(predicted, true, torch.ones(2, 1, 6, dtype=torch.bool))
    assert dice.shape == (2, 5)
    assert dice[0, LV - 1].item() == pytest.approx(0.75)
    assert dice[1, RV - 1].item() == 0.0
    assert dice[:, LA - 1].isnan().all()
    assert dice[1, LV - 1].isnan()
