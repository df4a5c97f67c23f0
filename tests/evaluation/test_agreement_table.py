import numpy as np
import pandas as pd
import pytest

from cmr_ssl.evaluation.agreement_table import agreement_table, doubts
from cmr_ssl.evaluation.paired_values import PairedValues


def pairs(first, second, within=None):
    one, other = pd.DataFrame(first, dtype=float), pd.DataFrame(second, dtype=float)
    return PairedValues(one, other, pd.DataFrame(within or {}, index=one.index, dtype=float), [])


def test_bias_error_limits_and_coverage_are_those_computed_by_hand():
    # differences 1, -2, 4, 1: mean 1, absolute mean 2, SD sqrt((0 + 9 + 9 + 0) / 3)
    table = agreement_table(pairs({"x": [11, 18, 34, 41]}, {"x": [10, 20, 30, 40]}, {"x": [1, 1.5, 5, np.nan]}))
    row = table.iloc[0]
    assert (row["target"], row["N"], row["bias"], row["MAE"]) == ("x", 4, 1, 2)
    assert row["LoA high"] - row["bias"] == pytest.approx(1.96 * np.sqrt(6))
    assert (row["coverage"], row["coverage N"], row["half width"]) == (pytest.approx(2 / 3), 3, pytest.approx(2.5))
    assert row["coverage 2.5 %"] < 2 / 3 < row["coverage 97.5 %"] < 1


def test_one_subject_and_columns_that_never_change_are_told_not_computed():
    found = doubts(pairs({"x": [1, 2, 3], "y": [1, np.nan, 3]}, {"x": [5, 5, 5], "y": [1, 2, 3]}))
    assert [(item.where, item.why) for item in found] == [
        ("x", "is 5 in all 3 subjects of the second table: correlation and R2 are unknown"),
        ("y", "is known on both sides of 2 subjects, fewer than 3: agreement is unknown"),
    ]
    row = agreement_table(pairs({"x": [1]}, {"x": [2]})).iloc[0]
    assert row["N"] == 1
    assert np.isnan(row["MAE"])
