import numpy as np
import pytest
import torch
from torchmetrics.functional.classification import binary_auroc

from experiments.statistics import RESAMPLES, auroc, compare, exponent, mean_error, over_subjects


def test_a_constant_difference_is_certain_equal_errors_have_none_and_of_none_nothing_can_be_taken_away():
    theirs = np.full((1, 3, 5), 4.0)
    found = compare(np.full((2, 3, 5), 1.0), theirs)
    assert found.difference == pytest.approx((-3.0, -3.0, -3.0))
    assert found.reduction == pytest.approx((0.75, 0.75, 0.75))
    assert found.p == pytest.approx(2 / (RESAMPLES + 1))
    errors = np.random.default_rng(0).random((2, 3, 20))
    one = errors[:1]
    assert compare(one, one).difference == (0, 0, 0)
    assert compare(one, one).p == 1
    found = compare(np.zeros((1, 2, 3)), np.zeros((1, 2, 3)))
    assert np.isnan(found.reduction).all()
    assert found.difference == (0, 0, 0)


def test_of_two_subjects_one_is_drawn_and_the_interval_is_both_by_hand():
    ours, theirs = np.array([[[1.0, 2.0]]]), np.array([[[2.0, 5.0]]])
    assert compare(ours, theirs).difference == (-2.0, -3.0, -1.0)
    assert compare(ours, theirs).reduction == pytest.approx((1 - 3 / 7, 0.5, 0.6))


def test_the_same_subjects_are_drawn_for_both_which_must_have_as_many():
    hard = np.random.default_rng(0).exponential(10, (1, 5, 100)) * np.ones((1, 5, 1))
    found = compare(hard - 0.1, hard)
    assert found.difference.low == pytest.approx(found.difference.high)
    alone = mean_error(hard)
    assert alone.high - alone.low > 1
    with pytest.raises(ValueError, match="cannot be paired"):
        compare(hard[..., 1:], hard)


def simulated(rng, mean, pretrainings, noise, subjects=60, draws=5):
    """Return errors to which subjects, label draws and pretrainings contribute, and what only one of all has."""
    return (
        mean
        + rng.normal(0, 0.05, (pretrainings, 1, 1))
        + rng.normal(0, 0.1, (1, draws, 1))
        + rng.normal(0, 1.0, (1, 1, subjects))
        + rng.normal(0, noise, (pretrainings, draws, subjects))
    )


@pytest.mark.parametrize(("noise", "most"), [(0.1, 0.985), (1.0, 1.0)], ids=["subjects differ", "all by chance"])
def test_intervals_hold_the_truth_at_least_as_often_as_they_say(noise, most):
    rng = np.random.default_rng(0)
    truth, hits, times = -0.3, 0, 200
    for seed in range(times):
        hard, few = rng.normal(0, 1, (1, 1, 60)), rng.normal(0, 0.3, (1, 5, 1))
        ours, theirs = (simulated(rng, 5 + mean, count, noise) for mean, count in ((truth, 2), (0, 1)))
        found = compare(ours + hard + few, theirs + hard + few, seed, resamples=400).difference
        hits += found.low <= truth <= found.high
    assert 0.91 <= hits / times <= most


def test_no_difference_is_rarely_taken_for_one():
    rng = np.random.default_rng(1)
    values = []
    for seed in range(200):
        hard = rng.normal(0, 1, (1, 1, 60))
        values.append(compare(*(simulated(rng, 5, 1, 0.1) + hard for _ in range(2)), seed, resamples=400).p)
    assert np.mean(np.array(values) < 0.05) < 0.1


@pytest.mark.parametrize("power", [0.0, 1.0, 1.5])
def test_the_exponent_of_a_power_law_is_its_power(power):
    sizes = [512, 1024, 2048, 4608]
    assert exponent(sizes, [3.0 * size**power for size in sizes]) == pytest.approx(power, abs=1e-9)


def test_an_auroc_by_ranks_is_the_usual_one_ties_included():
    rng = np.random.default_rng(0)
    scores, ill = rng.integers(0, 9, 200).astype(float), rng.random(200) < 0.3
    usual = binary_auroc(torch.from_numpy(scores), torch.from_numpy(ill).long()).item()
    assert auroc(scores, ill) == pytest.approx(usual, abs=1e-6)
    assert np.isnan(auroc(scores, ill & False))


def test_the_interval_over_subjects_is_that_of_their_mean():
    values = np.random.default_rng(0).normal(size=400)
    found = over_subjects(lambda chosen: float(values[chosen].mean()), 400)
    assert found.value == values.mean()
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.2)
