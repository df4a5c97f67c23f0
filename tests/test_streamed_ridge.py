import pytest
import torch

from cmr_ssl.ridge import PENALTIES, ridge
from cmr_ssl.streamed_ridge import FOLD, StreamedRidge
from tests.test_ridge import solve


def cohort(subjects=200, features=40, copies=3, noise=1.0, seed=0):
    """Return features (N, C, F) of which few directions tell two targets (N, 2)."""
    generator = torch.Generator().manual_seed(seed)
    true = torch.randn(features, 2, generator=torch.Generator().manual_seed(9)) / features**0.5
    seen = torch.randn(subjects, 1, features, generator=generator)
    seen = seen + 0.1 * torch.randn(subjects, copies, features, generator=generator)
    return seen, seen[:, 0] @ true + 3.0 + noise * torch.randn(subjects, 2, generator=generator)


def streamed(features, targets, sample=50, batch=7, directions=2048):
    """Return the solution on subjects who come `batch` at a time."""
    regression = StreamedRidge(features[:sample].flatten(0, 1), targets, directions)
    for part, wanted in zip(features.split(batch), targets.split(batch), strict=True):
        regression.add(part, wanted)
    return regression.solve()


def test_where_the_sample_spans_the_features_the_solution_is_that_of_the_normal_equations_of_everybody():
    features, targets = cohort()
    found = streamed(features, targets)
    rows, wanted = features.flatten(0, 1).double(), targets.repeat_interleave(3, dim=0).double()
    judges = torch.arange(200) % FOLD == FOLD - 1

    def error(penalty, target):
        learnt = wanted.view(200, 3, 2)[~judges, :, target].flatten()
        weights, bias = solve(features[~judges].flatten(0, 1).double(), learnt, penalty)
        return (features[judges, 0].double() @ weights + bias - targets[judges, target]).square().sum()

    for target in (0, 1):
        best = min(PENALTIES.tolist(), key=lambda penalty: error(penalty, target))
        weights, bias = solve(rows, wanted[:, target], best)
        torch.testing.assert_close(found.weights[target], weights, atol=1e-3, rtol=1e-3)
        assert found.biases[target].item() == pytest.approx(bias.item(), abs=1e-3)


def test_it_does_not_matter_how_many_come_at_a_time():
    features, targets = cohort()
    one, other = streamed(features, targets, batch=1), streamed(features, targets, batch=64)
    torch.testing.assert_close(one.weights, other.weights, atol=1e-5, rtol=1e-4)


def test_everybody_tells_more_than_the_sample_alone():
    features, targets = cohort(subjects=1500, features=300, copies=1)
    unseen, true = cohort(subjects=300, features=300, copies=1, noise=0.0, seed=1)

    def error(solution):
        return (unseen[:, 0].double() @ solution.weights.T + solution.biases - true).square().mean()

    assert error(streamed(features, targets, sample=400)) < 0.5 * error(ridge(features[:400], targets[:400]))


def test_who_lacks_a_value_has_no_say_in_its_target_only_which_a_few_must_have():
    features, targets = cohort()
    partly = targets.clone()
    partly[100:, 1] = torch.nan
    found = streamed(features, partly)
    torch.testing.assert_close(found.weights[0], streamed(features, targets).weights[0])
    alone = streamed(features[:100], targets[:100, 1:])
    torch.testing.assert_close(found.weights[1], alone.weights[0], atol=1e-5, rtol=1e-4)
    partly[4:, 1] = torch.nan
    with pytest.raises(ValueError, match="known of 4 training subjects"):
        streamed(features, partly)
