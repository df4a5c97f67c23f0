import numpy as np
import pandas as pd
import pytest

from experiments.patients.measured import difference, draws_of, predicted, shipped_cox
from experiments.statistics import over_subjects


def test_a_head_on_features_that_tell_predicts_and_draws_repeat():
    subjects = [f"{one}" for one in range(80)]
    features = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 6)).astype("f4"), subjects)
    (some, _), (again, _) = (list(draws_of(subjects[:60], 40, 2)) for _ in range(2))
    assert some == again
    assert len({*some}) == 40
    true = 3 + 2 * features[[0]]
    told = predicted(features, true.loc[some], subjects[60:])
    np.testing.assert_allclose(told, true.loc[subjects[60:]], atol=0.1)


def test_differences_are_paired_over_subjects():
    values = np.random.default_rng(0).normal(size=100)

    def one(chosen):
        return float(values[chosen].mean())

    less = over_subjects(lambda chosen: difference(lambda some: one(some) + 0.1, one, chosen), 100)
    assert (less.low, less.high) == pytest.approx((0.1, 0.1))


def test_the_risk_that_is_measured_is_that_of_the_config():
    assert shipped_cox().scores == ["True log hazard"]
