import pytest
import torch

from experiments.patients.risk import Followed, fitted, ranked, shipped_cox


def test_the_risk_that_is_measured_is_that_of_the_config():
    assert shipped_cox().scores == ["True log hazard"]


def test_a_model_of_what_matters_ranks_others_nearly_as_well_as_the_hazard_itself():
    generator = torch.Generator().manual_seed(0)
    design = torch.randn(600, 6, generator=generator)
    hazard = design[:, 0] - design[:, 1]
    times = torch.empty(600).exponential_(generator=generator) / hazard.exp() + 0.01
    true = torch.stack([times, torch.ones(600)], dim=1)
    learnt, tested = (Followed(rows, true[rows]) for rows in torch.arange(600).split(400))
    told = fitted(design, learnt, tested).tested.double().numpy()
    best = ranked(hazard[400:].double().numpy(), tested.outcome)
    assert ranked(told, tested.outcome) == pytest.approx(best, abs=0.02)
