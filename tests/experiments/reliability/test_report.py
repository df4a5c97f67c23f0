import numpy as np
import pandas as pd
import pytest

from cmr_ssl.evaluation.paired_values import PairedValues
from experiments.reliability.planes import rows_of
from experiments.reliability.report import coverage_table, error_table, told, verdict

GOOD, BAD = np.r_[np.zeros(95), np.full(5, 9.0)], np.r_[np.zeros(50), np.full(50, 9.0)]


@pytest.fixture
def measured():
    half = {"LVEF (%)": 4.0, "LVM (g)": 4.0}
    rows = [*rows_of("all planes", np.stack([GOOD, GOOD], 1), [*half], half)]
    return pd.DataFrame([*rows, *rows_of("scanner x", np.stack([GOOD, BAD], 1), [*half], half)])


def test_coverage_below_the_promise_is_marked_and_said_plainly(measured):
    assert "| scanner x | 100 | 0.95 [0.89, 0.98] | **0.50** [0.40, 0.60] |" in coverage_table(measured)
    said = verdict(measured)
    assert "no interval holds fewer than 90% beyond chance." in said
    assert "**Under these shifts they do: scanner x (LVM (g)).** Do not rely on an interval there." in said
    assert "Nor does any under the shifts" in verdict(measured[measured["scenario"] == "all planes"])
    assert "| scanner x | 0.45 | 4.5 |" in error_table(measured)


def test_intervals_that_were_not_told_do_not_count_as_held():
    index = ["1", "2", "3"]
    first = pd.DataFrame({"x": [1.0, 2, 9]}, index)
    within = pd.DataFrame({"x": [1.0, np.nan, 1]}, index)
    pairs = PairedValues(first, pd.DataFrame({"x": [1.5, 2, 3]}, index), within, [])
    assert "told intervals of 2 of the 3 hearts of x, the other 1 it found unlike the training; " in told("x", pairs)
    assert "50% of those told held" in told("x", pairs)
    assert "no interval of the 3 hearts" in told("x", pairs._replace(within=within * np.nan))
