import numpy as np
import pandas as pd
import pytest

from experiments.real_hearts.probes import diagnose, logistic, predict


def hearts(count, seed):
    """Return features of which the first tells the volume and the next three the diagnosis, and the table."""
    random = np.random.default_rng(seed)
    group = np.arange(count) % 3
    seen = random.normal(size=(count, 200))
    seen[:, 1:4] += 4 * np.eye(3)[group]
    table = pd.DataFrame({"group": [f"G{k}" for k in group], "LVEF (%)": 50 + 5 * seen[:, 0]})
    return seen, table.set_index(pd.Index([f"p{k}" for k in range(count)], name="subject"))


def test_diagnoses_that_features_tell_are_found_and_those_they_do_not_tell_are_not():
    (seen, known), (asked, test) = hearts(60, 0), hearts(60, 1)
    told = predict(seen, known, asked, test)
    assert (told["predicted diagnosis"] == told["true diagnosis"]).mean() > 0.6
    blind = diagnose(seen[:, 10:], known["group"].to_numpy(str), asked[:, 10:])
    assert (blind == test["group"]).mean() < 0.6


def test_volumes_come_in_their_units_and_beside_the_true_ones():
    (seen, known), (asked, test) = hearts(150, 0), hearts(50, 1)
    told = predict(seen[:, :8], known, asked[:, :8], test)
    assert told["true LVEF (%)"].tolist() == test["LVEF (%)"].tolist()
    np.testing.assert_allclose(told["predicted LVEF (%)"], told["true LVEF (%)"], atol=0.5)


def test_without_any_weight_logistic_regression_says_how_often_each_class_is():
    weights = logistic(np.random.default_rng(0).normal(size=(10, 4)), np.array([0] * 8 + [1] * 2), 2, 1e6)
    assert np.abs(weights[:-1]).max() < 1e-3
    assert np.exp(weights[-1, 0] - weights[-1, 1]) == pytest.approx(4, rel=0.01)
