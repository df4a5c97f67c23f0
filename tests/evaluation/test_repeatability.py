import numpy as np
import pandas as pd
import pytest

from cmr_ssl.evaluation.repeatability import repeatability, repeatability_table


def test_the_formulas_give_what_is_computed_by_hand():
    first, second = np.array([10.0, 20, 30]), np.array([12.0, 18, 34])  # d = 2, -2, 4; squares sum to 24
    found = {name: estimate.value for name, estimate in repeatability(first, second).items()}
    sem = np.sqrt(24 / 6)
    assert found["SEM"] == pytest.approx(sem)
    assert found["mean"] == pytest.approx(62 / 3)
    assert found["CoV (%)"] == pytest.approx(100 * sem / (62 / 3))
    assert found["SDC"] == pytest.approx(1.96 * np.sqrt(2) * sem)
    assert found["bias"] == pytest.approx(4 / 3)
    assert found["N"] == 3
    # two-way anova of 3 subjects and 2 acquisitions: MSR 224.67, MSC 2.67, MSE 4.67
    rows, columns, rest = (224 + 2 / 3, 8 / 3, 4 + 2 / 3)
    assert found["ICC(2,1)"] == pytest.approx((rows - rest) / (rows + rest + 2 * (columns - rest) / 3))


def test_a_change_of_the_smallest_size_is_rarely_exceeded_where_nothing_changed():
    rng = np.random.default_rng(1)
    true = rng.normal(100, 20, 20000)
    first, second = (true + rng.normal(0, 3, 20000) for _ in range(2))
    found = repeatability(first, second, resamples=50)
    assert found["SEM"].value == pytest.approx(3, rel=0.02)
    assert (np.abs(second - first) > found["SDC"].value).mean() == pytest.approx(0.05, abs=0.005)
    assert found["ICC(2,1)"].value == pytest.approx(400 / 409, abs=0.003)
    assert found["SEM"].low < 3 < found["SEM"].high


def test_values_of_both_signs_have_no_coefficient_and_too_few_subjects_nothing():
    mixed = repeatability(np.array([-1.0, 2, 3]), np.array([-2.0, 2, 4]))
    assert np.isnan(mixed["CoV (%)"].value)
    assert mixed["SEM"].value > 0
    strains = repeatability(np.array([-20.0, -18, -22]), np.array([-21.0, -17, -22]))
    assert strains["CoV (%)"].value > 0
    few = repeatability(np.array([1.0, 2, np.nan]), np.array([1.0, 2, 3]))
    assert few["N"].value == 2
    assert np.isnan(few["SDC"].value)


def test_a_table_has_a_row_a_column_with_intervals():
    first = pd.DataFrame({"x": [1.0, 2, 3], "y": [2.0, 3, 5]})
    table = repeatability_table(first, first + 1)
    assert table["of"].to_list() == ["x", "y"]
    assert (table["SEM"] == np.sqrt(0.5)).all()
    assert (table["SEM 2.5 %"] <= table["SEM"]).all()
