import numpy as np
import pandas as pd
import pytest

from benchmarks.real_hearts import statistics
from benchmarks.real_hearts.statistics import holm, paired_difference


def values(table):
    """Return a table (subjects, draws) as the report indexes it."""
    index = pd.MultiIndex.from_product([range(table.shape[0]), range(table.shape[1])], names=["subject", "draw"])
    return pd.Series(table.ravel(), index)


def test_pairing_finds_a_small_difference_between_patients_that_differ_much():
    random = np.random.default_rng(0)
    patients = random.normal(0, 10, (40, 1)) + random.normal(0, 0.1, (40, 3))
    found = paired_difference(values(patients + 0.2 + random.normal(0, 0.1, (40, 3))), values(patients))
    assert found.mean == pytest.approx(0.2, abs=0.05)
    assert 0 < found.low < found.mean < found.high
    assert found.p < 0.01


def test_draws_of_one_patient_are_not_many_patients():
    few = np.random.default_rng(1).normal(0.5, 1, (8, 1))
    once, often = (paired_difference(values(np.tile(few, (1, n))), values(np.zeros((8, n)))) for n in (1, 50))
    assert often.high - often.low == pytest.approx(once.high - once.low, rel=0.1)


def test_what_differs_between_draws_alone_widens_the_interval():
    draws = np.tile([[-1.0, 0.0, 2.0]], (50, 1))
    found = paired_difference(values(draws), values(np.zeros((50, 3))))
    assert found.low < 0 < found.high
    assert found.p > 0.1


def test_intervals_hold_what_is_true_about_as_often_as_they_say(monkeypatch):
    monkeypatch.setattr(statistics, "RESAMPLED", 500)
    random, inside = np.random.default_rng(2), 0
    for _ in range(60):
        found = paired_difference(values(random.normal(0.3, 1, (50, 1))), values(np.zeros((50, 1))))
        inside += found.low <= 0.3 <= found.high
    assert 51 <= inside <= 60


def test_what_one_arm_lacks_is_left_out():
    one = values(np.ones((3, 2)))
    assert paired_difference(one, one.iloc[:2] - 1).mean == 1.0
    assert np.isnan(paired_difference(one, one.iloc[:0]).mean)


def test_holm_multiplies_the_smallest_by_their_number_and_never_falls():
    corrected = holm(pd.Series([0.01, 0.04, 0.03, np.nan]))
    np.testing.assert_allclose(corrected, [0.03, 0.06, 0.06, np.nan])
