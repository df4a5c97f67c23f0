import numpy as np
import pytest
import torch
from benchmarks.patients.features import Features
from benchmarks.patients.measured import _difference, shipped_cox
from benchmarks.patients.probes import auroc, draws_of, over_subjects, predicted
from benchmarks.patients.report import _risk, _table
from torchmetrics.functional.classification import binary_auroc


def test_an_auroc_by_ranks_is_the_usual_one_ties_included():
    rng = np.random.default_rng(0)
    scores, ill = rng.integers(0, 9, 200).astype(float), rng.random(200) < 0.3
    usual = binary_auroc(torch.from_numpy(scores), torch.from_numpy(ill).long()).item()
    assert auroc(scores, ill) == pytest.approx(usual, abs=1e-6)
    assert np.isnan(auroc(scores, ill & False))


def test_a_head_on_features_that_tell_predicts_and_draws_repeat(tmp_path):
    rng = np.random.default_rng(0)
    subjects = [f"{one}" for one in range(80)]
    rows = rng.normal(size=(80, 6)).astype(np.float16)
    np.savez(tmp_path / "a.npz", subjects=np.array(subjects), rows=rows)
    features = Features(tmp_path / "a.npz")
    (some, _), (again, _) = (list(draws_of(subjects[:60], 40, 2)) for _ in range(2))
    assert some == again
    assert len({*some}) == 40
    true = 3 + 2 * rows[:, :1].astype(np.float64)
    told = predicted(features, some, torch.from_numpy(true[[int(one) for one in some]]), subjects[60:])
    np.testing.assert_allclose(told, true[60:], atol=0.1)


def test_differences_are_paired_over_subjects():
    values = np.random.default_rng(0).normal(size=100)

    def one(chosen):
        return float(values[chosen].mean())

    def other(chosen):
        return float(values[chosen].mean()) + 0.1

    less = over_subjects(lambda chosen: _difference(other, one, chosen), 100)
    assert less.low == pytest.approx(0.1)
    assert less.high == pytest.approx(0.1)


def test_the_page_names_arms_and_gives_intervals():
    found = {"space": [0.7, 0.6, 0.8], "masked": [0.6, 0.5, 0.7], "scratch": [0.5, 0.4, 0.6]}
    differences = {"space - masked": [0.1, 0.0, 0.2], "space - scratch": [0.2, 0.1, 0.3]}
    assert "| masked only | 0.600 (0.500 to 0.700) | +0.100 (+0.000 to +0.200) |" in _risk(found | differences)
    assert "| Gout | 0.700 | 0.600 | 0.500 | +0.100 (" in _table({"Gout": found | differences}, "{:.3f}", "{:+.3f}")


def test_the_risk_that_is_measured_is_that_of_the_config():
    assert shipped_cox().scores == ["True log hazard"]
