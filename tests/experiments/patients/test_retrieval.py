import pytest
import torch

from experiments.patients.retrieval import found, with_gaps


def test_who_fits_best_is_always_found_and_scores_by_chance_find_one_in_a_hundred():
    assert found(torch.eye(150)).min() == pytest.approx(1)
    scores = torch.rand(400, 400, generator=torch.Generator().manual_seed(0))
    assert found(scores).mean() == pytest.approx(0.01, abs=0.008)


def test_gaps_are_drawn_by_their_seed():
    values = torch.ones(200, 30)
    one, again, other = (with_gaps(values, 0.5, seed).isnan() for seed in (1, 1, 2))
    assert one.float().mean() == pytest.approx(0.5, abs=0.02)
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
