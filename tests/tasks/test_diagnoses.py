import numpy as np
import pandas as pd
import pytest
import torch

from cmr_ssl.tasks import Diagnoses

NAMES = ["Stroke", "Gout"]


def learnt(values, **options):
    objective = Diagnoses(**options)
    assert objective.outputs(NAMES) == 2
    objective.fit_statistics(np.array(values, np.float32), NAMES)
    return objective


def test_cases_weigh_as_much_as_all_others_together():
    objective = learnt([[1, 0], [0, 0], [0, 1], [0, 1], [np.nan, 1]])
    torch.testing.assert_close(objective.weights, torch.tensor([3.0, 2 / 3]))
    assert (learnt([[1, 0], [0, 1]] * 2, balanced=False).weights == 1).all()


def test_probabilities_are_those_of_the_cohort_whatever_the_weights():
    """The constant logit with the smallest loss must be predicted as the share of cases."""
    true = torch.tensor([[1.0, 0.0]] * 2 + [[0.0, 1.0]] * 18)
    objective = learnt(true.numpy())
    logits = torch.zeros(1, 2, requires_grad=True)
    optimiser = torch.optim.LBFGS([logits], max_iter=50)

    def step():
        optimiser.zero_grad()
        loss = objective.loss(logits.expand(20, 2), true).mean()
        loss.backward()
        return loss

    optimiser.step(step)
    torch.testing.assert_close(objective.predict(logits.detach()), torch.tensor([[0.1, 0.9]]), atol=1e-3, rtol=0)


def test_missing_labels_are_masked_and_cost_nobody_else():
    objective = learnt([[1, 0], [0, 1]])
    outputs = torch.tensor([[1.0, 5.0], [1.0, 5.0]], requires_grad=True)
    losses = objective.loss(outputs, torch.tensor([[1.0, torch.nan], [torch.nan, torch.nan]]))
    assert losses[0].item() == pytest.approx(np.log(1 + np.exp(-1)), rel=1e-5)
    assert losses[1].isnan()
    losses[0].backward()
    assert outputs.grad[0, 1] == 0


def test_the_focal_loss_cares_less_for_what_is_known():
    plain, focal = learnt([[1, 0], [0, 1]]), learnt([[1, 0], [0, 1]], focus=2.0)
    outputs, true = torch.tensor([[3.0, -3.0], [-1.0, 1.0]]), torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    ratio = focal.loss(outputs, true) / plain.loss(outputs, true)
    assert ratio[0] < 0.01 < 0.4 < ratio[1]


def test_the_threshold_is_that_of_the_best_f1_of_the_validation_split_and_stays_in_the_checkpoint():
    objective = learnt([[1, 0], [0, 1]])
    outputs = torch.tensor([[-2.0, 0.0], [-1.0, 0.0], [0.5, 0.0], [1.5, 0.0]])
    objective.watch_validation(outputs, torch.tensor([[0.0, torch.nan], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]]))
    torch.testing.assert_close(objective.thresholds, torch.tensor([torch.tensor(-1.0).sigmoid(), 0.5]))
    other = learnt([[1, 0], [0, 1]])
    other.load_state_dict(objective.state_dict())
    assert torch.equal(other.thresholds, objective.thresholds)


def test_what_both_kinds_of_subjects_are_known_of_is_measured():
    objective = learnt([[1, 0], [0, 1]])
    outputs, true = torch.tensor([[2.0, 0.0], [-2.0, 0.0]]), torch.tensor([[1.0, 1.0], [0.0, 1.0]])
    assert objective.measures(outputs, true, NAMES) == {"auroc_Stroke": 1.0, "ap_Stroke": 1.0}


def test_diagnoses_are_read_as_yes_no_or_unknown_and_anything_else_is_refused(tmp_path):
    table, ids = tmp_path / "table.csv", ["900000001", "900000002"]
    pd.DataFrame({"eid": ids, "Stroke": [1, 2], "Gout": [0, None]}).to_csv(table, index=False)
    np.testing.assert_array_equal(Diagnoses().read_targets(table, ["Gout"], ids)["Gout"], [0, np.nan])
    with pytest.raises(ValueError, match="Stroke is 2 in 1 subjects, but a diagnosis is 0 or 1"):
        Diagnoses().read_targets(table, NAMES, ids)
