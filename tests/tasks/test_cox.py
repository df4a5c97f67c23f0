import numpy as np
import pandas as pd
import pytest
import torch

from cmr_ssl.tables import Day, Fields, Number
from cmr_ssl.tables.events import FollowUp
from cmr_ssl.tasks import Cox

COUNT = 800
FOLLOW_UP = FollowUp(Day("Ill"), Day("Imaged"), [Day("Died")], "2020-01-01")
AGE = Fields(numbers=[Number("Age")])
NAMES = [f"{100000 + one}" for one in range(COUNT)]
TRAIN = COUNT * 3 // 4  # subjects; the others validate


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Write a table drawn from a hazard of 0.1 exp(heart + age) a year and return it and the hearts."""
    rng = np.random.default_rng(0)
    heart, age = rng.normal(size=(2, COUNT))
    days = (rng.exponential(size=COUNT) * 3652 / np.exp(heart + age)).round() + 1
    start = np.datetime64("2012-01-01") + rng.integers(0, 1500, COUNT)
    ill = start + days.astype("timedelta64[D]")
    path = tmp_path_factory.mktemp("cox") / "table.csv"
    shown = [str(one) if one < np.datetime64("2020-01-01") else "" for one in ill]
    columns = {"eid": NAMES, "Imaged": start, "Ill": shown, "Died": "", "Age": 60 + 7 * age}
    pd.DataFrame(columns | {"Score": heart + age}).to_csv(path, index=False)
    return path, torch.from_numpy(heart).float()


@pytest.fixture(scope="module")
def learnt(drawn):
    """Return an objective that has seen the training and the validation split, and their true values."""
    table, heart = drawn
    cox = Cox(FOLLOW_UP, [5, 2], AGE, ["Score"])
    assert cox.outputs(["Illness"]) == 1
    known = cox.read_targets(table, ["Illness"], NAMES)
    assert list(known.columns) == ["Illness: years", "Illness: event", "Age", "Score"]
    true = torch.tensor(known.to_numpy(np.float32))
    cox.fit_statistics(true[:TRAIN].numpy(), ["Illness"])
    cox.watch_validation(heart[TRAIN:, None], true[TRAIN:])
    return cox, true, heart


def test_as_many_fall_ill_as_the_predicted_risk_at_each_horizon_says(learnt):
    names = ["Illness: log hazard", "Illness: risk at 2 years", "Illness: risk at 5 years"]
    assert learnt[0].names(["Illness"]) == names
    cox, true, heart = learnt
    values = cox.predict(heart[:, None])
    assert (values[:, 2] > values[:, 1]).all()
    assert ((values[:, 1:] > 0) & (values[:, 1:] < 1)).all()
    known = (true[:, 1] == 1) | (true[:, 0] >= 5)
    ill = (true[:, 0] < 5)[known].float()
    assert values[known, 2].mean().item() == pytest.approx(ill.mean().item(), abs=0.07)


def test_covariates_alone_and_together_with_images_are_fitted(learnt):
    cox, true, heart = learnt
    assert cox.covariate_weights.item() == pytest.approx(0.75, abs=0.25)  # less than 1, for the heart is not seen
    fused = cox.fused_hazard(heart, true)
    measured = [
        cox.measures(told[:, None], true, [])["concordance"] for told in (heart, cox.covariate_hazard(true), fused)
    ]
    assert measured[2] > max(measured[:2]) + 0.05
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(cox.fused_hazard(heart, true), fused)


def test_the_loss_is_smallest_for_the_truth_and_leaves_out_who_is_not_followed(learnt):
    cox, true, heart = learnt
    right, wrong = (cox.loss(told[:, None], true)[0] for told in (heart, -heart))
    assert right < wrong
    more = torch.cat([true, torch.full((1, true.shape[1]), torch.nan)])
    outputs = torch.cat([heart, torch.ones(1)])[:, None].requires_grad_()
    losses = cox.loss(outputs, more)
    torch.testing.assert_close(losses.detach(), right.expand(len(more)))
    losses.mean().backward()
    assert outputs.grad.isfinite().all()
    assert outputs.grad[-1] == 0
    nobody = cox.loss(torch.ones(2, 1), more[[-1, -1]])
    assert (nobody == 0).all()


def test_a_head_solved_on_the_residuals_ranks_as_the_hazard_does(learnt):
    cox, true, heart = learnt
    aims = cox.target_outputs(true)[:, 0]
    assert np.corrcoef(aims, heart)[0, 1] > 0.2
    assert aims.mean().abs() < 0.2


def test_what_is_learnt_is_in_the_checkpoint_and_no_times_of_participants(learnt):
    stored = learnt[0].state_dict()
    assert {"baseline", "fusion", "covariate_weights"} <= stored.keys()
    assert max(len(one) for one in stored.values()) <= 64
    other = Cox(FOLLOW_UP, [5, 2], AGE, ["Score"])
    other.load_state_dict(stored)


def test_a_risk_has_horizons_and_one_target():
    with pytest.raises(ValueError, match="times above 0"):
        Cox(FOLLOW_UP, [0, 2])
    with pytest.raises(ValueError, match="one target"):
        Cox(FOLLOW_UP, [2]).outputs(["a", "b"])


def test_a_risk_beyond_the_follow_up_is_refused_or_unknown_and_never_a_number(drawn, caplog):
    table, heart = drawn
    long, cox = Cox(FOLLOW_UP, [2, 20]), Cox(FOLLOW_UP, [2, 5])
    known = cox.read_targets(table, ["Illness"], NAMES).to_numpy(np.float32)
    with pytest.raises(ValueError, match=r"ends at 20, but no training subject was followed for longer than \d"):
        long.fit_statistics(known[:TRAIN], ["Illness"])
    cox.fit_statistics(known[:TRAIN], ["Illness"])
    true = torch.tensor(known)
    healthy, early = true[:, 1] == 0, true[:, 0] < 3
    cox.watch_validation(heart[healthy, None], true[healthy])
    assert cox.predict(heart[:3, None])[:, 1:].isnan().all()
    assert "0 events do not tell the risk" in caplog.text
    cox.watch_validation(heart[early, None], true[early])
    values = cox.predict(heart[:3, None])
    assert values[:, 1].isfinite().all()
    assert values[:, 2].isnan().all()
