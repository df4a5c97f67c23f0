import math

import numpy as np
import pandas as pd
import pytest
import torch

from cmr_ssl.robustness.outcomes import Outcome, Outcomes
from cmr_ssl.robustness.scenarios import RANDOM, Scenario
from cmr_ssl.robustness.scores import essential, mean_of, own_cosines, resemblance, similarities, table_of
from cmr_ssl.tables import Day
from cmr_ssl.tables.events import FollowUp
from cmr_ssl.tasks import Classification, Cox, Diagnoses, PhenotypeTask
from tests.tiny import tiny_encoder, tiny_task

CENTRE = torch.tensor([10.0, 0.0])
FULL = CENTRE + torch.tensor([[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0]])
DEPLETED = CENTRE + torch.tensor([[0.1, 0.1], [0.0, 5.0], [1.0, -0.1]])


def outcome(vectors, usable=(True, True, True), values=None, dice=(math.nan,) * 3):
    dice = torch.tensor(dice)
    values = torch.zeros(3, 0) if values is None else values
    return Outcome({"class token": vectors}, values, dice, dice + 0.1, torch.full((3,), 2.0), torch.tensor(usable))


def asked(*outcomes, true=None):
    return Outcomes(["a", "b", "c"], torch.zeros(3, 0) if true is None else true, list(outcomes))


def table(task, *outcomes, true=None):
    everything = [Scenario(RANDOM, f"scenario {index}", 0, lambda batch: batch) for index in range(len(outcomes))]
    return table_of(task, everything, asked(*outcomes, true=true), {"class token": CENTRE}, seed=0)


def test_angles_are_seen_from_the_centre_as_raw_cosines_would_prove_nothing():
    half = math.sqrt(0.5)
    expected = torch.tensor([[half, half, -half], [0.0, 1.0, 0.0], [0.995, -0.0995, -0.995]])
    torch.testing.assert_close(similarities(DEPLETED, FULL, CENTRE), expected, atol=1e-3, rtol=0)
    raw = similarities(DEPLETED, FULL, torch.zeros(2))
    assert raw[2, 0] > 0.99
    assert similarities(DEPLETED, FULL, CENTRE)[2, 2] < -0.9


def test_a_subject_is_found_where_nobody_else_is_nearer_and_full_studies_always():
    own, found = resemblance(DEPLETED, FULL, CENTRE)
    torch.testing.assert_close(own, torch.tensor([math.sqrt(0.5), 1.0, -0.995]), atol=1e-3, rtol=0)
    assert found.tolist()[1:] == [1.0, 0.0]
    own, found = resemblance(FULL, FULL, CENTRE)
    torch.testing.assert_close(own, torch.ones(3))
    assert found.all()


def test_the_table_has_a_row_for_each_scenario_and_measure():
    rows = table(tiny_task(), outcome(FULL), outcome(DEPLETED)).set_index(["scenario", "measure"])
    assert list(rows.index) == [(f"scenario {one}", two) for one in range(2) for two in ("cosine", "identity")]
    assert rows.loc[("scenario 1", "cosine"), "value"] == pytest.approx((math.sqrt(0.5) + 1 - 0.995) / 3, abs=1e-3)
    assert rows.loc[("scenario 0", "identity"), "value"] == 1
    assert (rows["changed"] == 2).all()
    assert (rows["N"] == 3).all()
    assert rows["value"].between(rows["low"], rows["high"]).all()


def test_studies_without_planes_do_not_count():
    nothing = DEPLETED.clone()
    nothing[2] = torch.nan
    rows = table(tiny_task(), outcome(FULL), outcome(nothing, usable=(True, True, False)))
    assert rows["N"].tolist() == [3, 3, 2, 2]
    assert rows["value"].iloc[2] == pytest.approx((math.sqrt(0.5) + 1) / 2, abs=1e-3)


def test_errors_are_those_of_each_target_where_these_are_known():
    task = PhenotypeTask(["LVEF (%)", "LVM (g)"], encoder=tiny_encoder())
    true, predicted = torch.tensor([[50.0, 90.0], [60.0, 100.0], [55.0, torch.nan]]), torch.full((3, 2), 58.0)
    rows = table(task, outcome(FULL, values=predicted), true=true)
    errors = rows[rows["measure"] == "MAE"].set_index("of")
    assert errors.loc["LVEF (%)", "value"] == pytest.approx((8 + 2 + 3) / 3)
    assert errors.loc["LVEF (%)", "low"] <= errors.loc["LVEF (%)", "value"] <= errors.loc["LVEF (%)", "high"]
    assert math.isnan(errors.loc["LVM (g)", "value"])  # of two subjects no interval can be told
    assert errors["N"].tolist() == [3, 2]
    assert set(table(task, outcome(FULL, values=predicted))["measure"]) == {"cosine", "identity"}  # without a table


def test_overlap_stands_beside_that_of_the_full_study():
    rows = table(tiny_task(), outcome(FULL, dice=(0.5, math.nan, 0.7))).set_index("measure")
    assert rows.loc["Dice", "value"] == pytest.approx(0.6)
    assert rows.loc["Dice of full study", "value"] == pytest.approx(0.7)
    assert rows.loc["Dice", "N"] == 2


def test_a_mean_lies_in_its_interval_which_shrinks_with_more_subjects():
    generator = np.random.default_rng(0)
    few, many = (mean_of("x", "", torch.tensor(generator.normal(3, 1, n)), seed=0) for n in (20, 2000))
    assert few.low < few.value < few.high
    assert many.high - many.low < (few.high - few.low) / 5
    assert many.high - many.low == pytest.approx(2 * 1.96 / math.sqrt(2000), rel=0.1)
    assert mean_of("x", "", torch.full((4,), torch.nan), seed=0).N == 0


def test_the_worst_subject_is_known_by_the_first_embedding():
    found = own_cosines(asked(outcome(FULL), outcome(DEPLETED)), 1, {"class token": CENTRE})
    assert found.argmin() == 2


def test_people_see_one_embedding_first():
    rows = pd.DataFrame(
        {"measure": ["cosine", "identity", "cosine", "MAE"], "of": ["class token", "class token", "mean token", "LVM"]}
    )
    assert essential(rows).to_numpy().tolist() == [["cosine", ""], ["identity", ""], ["MAE", "LVM"]]


def test_each_diagnosis_is_judged_by_who_is_ill_classes_by_how_well_they_are_told_apart_and_a_risk_by_nothing():
    task = PhenotypeTask(["Pathology"], Classification(["normal", "infarct"]), encoder=tiny_encoder())
    scores = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]])
    rows = table(task, outcome(FULL, values=scores), true=torch.tensor([[0.0], [1.0], [0.0]])).set_index("measure")
    assert rows.loc["AUROC", "value"] == 1
    task = PhenotypeTask(["Stroke", "Gout"], Diagnoses(), encoder=tiny_encoder())
    scores, ill = torch.tensor([[0.9, 0.1], [0.2, 0.8], [0.3, 0.4]]), torch.tensor([[1.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
    rows = table(task, outcome(FULL, values=scores), true=ill)
    areas = rows[rows["measure"] == "AUROC"].set_index("of")["value"]
    assert areas.to_dict() == {"Stroke": 1, "Gout": 0}
    risk = Cox(FollowUp(Day("Ill"), Day("Imaged"), [Day("Died")], "2020-01-01"), [2])
    rows = table(PhenotypeTask(["Stroke"], risk, encoder=tiny_encoder()), outcome(FULL, values=scores), true=ill)
    assert set(rows["measure"]) == {"cosine", "identity"}
