import pytest
import torch

from cmr_ssl.ridge import PENALTIES, fit, left_out, ridge


def cohort(subjects=40, features=60, seed=0):
    generator = torch.Generator().manual_seed(seed)
    seen = torch.randn(subjects, features, generator=generator, dtype=torch.float64)
    true = torch.randn(features, 2, generator=generator, dtype=torch.float64)
    return seen, seen @ true + 3.0 + 0.1 * torch.randn(subjects, 2, generator=generator, dtype=torch.float64)


def solve(features, target, penalty):
    centred, wanted = features - features.mean(dim=0), target - target.mean()
    count = features.shape[1]
    square = centred.T @ centred / count + penalty * torch.eye(count)
    weights = torch.linalg.solve(square, centred.T @ wanted) / count
    return weights, target.mean() - weights @ features.mean(dim=0)


def without(features, target, penalty, subject):
    """Return the error of a fit without a subject, on all its copies."""
    others = torch.arange(len(features)) != subject
    rows, wanted = features[others].flatten(0, 1), target[others].repeat_interleave(features.shape[1])
    weights, bias = solve(rows, wanted, penalty)
    return target[subject] - features[subject] @ weights - bias


def test_the_fit_solves_the_normal_equations_for_the_penalty_with_the_smallest_error_on_the_left_out():
    features, targets = cohort()
    features, target = features[:, None], targets[:, 0]
    errors = [
        torch.cat([without(features, target, penalty, subject) for subject in range(40)]).square().mean()
        for penalty in PENALTIES
    ]
    solution = fit(features, target[:, None])
    expected = solve(features[:, 0], target, PENALTIES[torch.stack(errors).argmin()])
    torch.testing.assert_close(solution.weights[0], expected[0])
    torch.testing.assert_close(solution.biases[0], expected[1])


def test_a_line_is_found_again():
    features = torch.arange(20.0)[:, None]
    solution = ridge(features[:, None], 2 * features - 5)
    assert solution.weights.item() == pytest.approx(2, abs=1e-3)
    assert solution.biases.item() == pytest.approx(-5, abs=1e-2)


def test_subjects_without_a_value_have_no_say_in_its_target_only_which_somebody_must_have():
    features, targets = cohort()
    partly = targets.clone()
    partly[30:, 1] = torch.nan
    solution = ridge(features[:, None], partly)
    torch.testing.assert_close(solution.weights[0], ridge(features[:, None], targets).weights[0])
    torch.testing.assert_close(solution.weights[1], ridge(features[:30, None], targets[:30]).weights[1])
    partly[1:, 1] = torch.nan
    with pytest.raises(ValueError, match="known of 1 training subjects"):
        ridge(features[:, None], partly)


def test_a_subject_is_left_out_with_all_its_copies_and_from_the_means(monkeypatch):
    features, targets = cohort(subjects=12, features=50)  # more than rows: here what is left out would show in means
    copies = torch.stack([features, features + 0.1, 0.9 * features], dim=1)
    seen = []

    def watched(*arguments):
        seen.append(left_out(*arguments))
        return seen[-1]

    monkeypatch.setattr("cmr_ssl.ridge.left_out", watched)
    ridge(copies, targets)
    for penalty, errors in zip(PENALTIES, seen, strict=True):
        expected = [without(copies, targets[:, 1], penalty, subject) for subject in range(12)]
        torch.testing.assert_close(errors[:, :, 1], torch.stack(expected), rtol=1e-3, atol=1e-3)


def test_columns_are_taken_a_few_at_a_time_without_a_difference(monkeypatch):
    features, targets = cohort()
    whole = ridge(features[:, None], targets)
    monkeypatch.setattr("cmr_ssl.ridge.COLUMNS", 7)
    torch.testing.assert_close(ridge(features[:, None], targets).weights, whole.weights)
