import pytest
import torch

from cmr_ssl.risk_measures import Survival
from experiments.patients.risk import Followed, Hazards, at_horizons, shipped_cox


def test_the_risk_that_is_measured_is_that_of_the_config():
    assert shipped_cox().scores == ["True log hazard"]


def test_a_hazard_that_ranks_and_is_calibrated_scores_better_than_one_that_knows_nothing():
    cox, generator = shipped_cox(), torch.Generator().manual_seed(0)
    hazards = 2 * torch.randn(800, generator=generator)
    years = torch.empty(800).exponential_(generator=generator) * 8 / hazards.exp() + 0.01
    followed = Followed(torch.arange(800), torch.stack([years.clamp(max=6), (years < 6).float()], dim=1))
    validation, test = followed.some(followed.rows < 400).outcome, followed.some(followed.rows >= 400).outcome
    assert isinstance(test, Survival)
    area, brier = at_horizons(cox, Hazards(hazards[:400], hazards[400:]), validation, test)
    none_area, none_brier = at_horizons(cox, Hazards(torch.zeros(400), torch.zeros(400)), validation, test)
    assert area > 0.85
    assert none_area == pytest.approx(0.5, abs=0.05)
    assert brier < 0.75 * none_brier
