import numpy as np
import pytest
import torch
from torchsurv.metrics.cindex import ConcordanceIndex

from cmr_ssl.concordance import concordance
from cmr_ssl.risk_measures import Survival, auroc_by, brier, by_group, gain, net_benefit, observed, ranking


@pytest.fixture(scope="module")
def drawn():
    """Return true log hazards of 400 subjects and what became of them, at 0.1 exp(x) a year, cut off somewhere."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=400)
    times, ends = rng.exponential(size=400) * 10 / np.exp(x), rng.uniform(2, 8, 400)
    return x, Survival(np.minimum(times, ends), times < ends)


def survival(x, years):
    return np.exp(-0.1 * np.exp(x)[:, None] * np.asarray(years))


def test_concordance_is_that_of_another_implementation(drawn):
    x, outcome = drawn
    noisy = x + np.random.default_rng(1).normal(size=len(x))
    times, events = outcome.tensors()
    assert concordance(noisy, *outcome) == pytest.approx(ConcordanceIndex()(torch.tensor(noisy), events, times).item())


def test_the_true_hazard_ranks_best_and_is_told_with_an_interval(drawn):
    x, outcome = drawn
    measured = ranking(x, outcome, [3.0, 50.0])
    assert measured["concordance"].low < measured["concordance"].value < measured["concordance"].high
    assert 0.65 < measured["AUROC 3 years"].value < 0.9
    assert np.isnan(measured["AUROC 50 years"].value)  # nobody was seen so long
    noisy = x + np.random.default_rng(1).normal(size=len(x))
    assert gain(x, noisy, outcome).low > 0
    assert gain(x, x, outcome).value == 0


def test_an_auroc_without_censoring_is_the_usual_one(drawn):
    from torchmetrics.functional.classification import binary_auroc

    x, _ = drawn
    times = np.random.default_rng(2).exponential(size=len(x)) * 10 / np.exp(x)
    everybody = Survival(times, np.ones(len(x), bool))
    usual = binary_auroc(torch.tensor(x), torch.tensor(times <= 4).long()).item()
    assert auroc_by(x, everybody, 4.0) == pytest.approx(usual, abs=1e-6)


def test_briers_score_is_best_for_the_truth_and_a_quarter_for_a_coin(drawn):
    x, outcome = drawn
    grid = [1.0, 2.0, 3.0, 4.0, 60.0]
    true, mean = brier(survival(x, grid), outcome, grid)
    other, _ = brier(survival(x * 0, grid), outcome, grid)
    _, quarter = brier(np.full((len(x), 5), 0.5), outcome, grid)
    assert (true[:4] < other[:4]).all()
    assert np.isnan(true[4])
    assert quarter == pytest.approx(0.25, abs=0.01)
    assert mean == pytest.approx(true[:4].mean(), abs=0.02)


def test_as_many_fall_ill_as_the_truth_says_in_every_fifth(drawn):
    x, outcome = drawn
    risks = 1 - survival(x, [4.0])[:, 0]
    groups = by_group(risks, outcome, 4.0)
    assert (np.diff(groups[:, 0]) > 0).all()
    np.testing.assert_allclose(groups[:, 1], groups[:, 0], atol=0.12)
    assert observed(outcome, 4.0) == pytest.approx(risks.mean(), abs=0.05)


def test_acting_on_the_true_risk_is_worth_more_than_acting_on_everybody_or_nobody(drawn):
    x, outcome = drawn
    risks, thresholds = 1 - survival(x, [4.0])[:, 0], np.array([0.3, 0.5])
    wise = net_benefit(risks, outcome, 4.0, thresholds)
    assert (wise > net_benefit(np.ones_like(x), outcome, 4.0, thresholds)).all()
    assert (wise > 0).all()
    assert (net_benefit(np.zeros_like(x), outcome, 4.0, thresholds) == 0).all()


def test_of_nobody_and_without_an_event_nothing_is_known():
    for count in (0, 3):
        scores, outcome = np.zeros(count), Survival(np.arange(1.0, count + 1), np.zeros(count, bool))
        told = [*ranking(scores, outcome, [2.0]).values(), gain(scores, scores, outcome)]
        assert np.isnan(np.array(told)).all()
