import numpy as np
import pandas as pd
import pytest
import torch

from cmr_ssl.tasks import Diagnoses

NAMES = ["Stroke", "Gout"]


class Data:
    def __init__(self, values):
        self.values = np.array(values, np.float32)
        self.phenotypes = pd.DataFrame(self.values)

    def use_targets(self, targets):
        return self.values


def learnt(values, **options):
    objective = Diagnoses(**options)
    assert objective.outputs(NAMES) == 2
    objective.fit_statistics(objective.read_targets(Data(values), NAMES), NAMES)
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


def test_what_is_neither_yes_nor_no_is_refused():
    with pytest.raises(ValueError, match="Stroke is 2 in 1 subjects, but a diagnosis is 0 or 1"):
        learnt([[1, 0], [2, 1]])
