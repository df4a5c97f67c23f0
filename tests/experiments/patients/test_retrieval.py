import numpy as np
import pytest
import torch

from experiments.patients.retrieval import found, found_among


def test_the_share_among_a_hundred_is_that_of_many_draws():
    rank, among = np.array([1.0, 3.0, 20.0, 200.0]), 50
    rank = np.r_[rank, np.full(196, 7.0)]
    rng = np.random.default_rng(0)
    drawn = [[(rng.permutation(199)[: among - 1] < one - 1).sum() < 5 for _ in range(2000)] for one in rank[:4]]
    assert found_among(rank, 5, among)[:4] == pytest.approx(np.mean(drawn, axis=1), abs=0.04)


def test_who_fits_best_is_always_found_and_scores_by_chance_find_one_in_a_hundred():
    assert found(torch.eye(150)).min() == 1
    scores = torch.rand(400, 400, generator=torch.Generator().manual_seed(0))
    assert found(scores).mean() == pytest.approx(0.01, abs=0.008)
