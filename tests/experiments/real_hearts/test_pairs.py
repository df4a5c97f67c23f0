import numpy as np
import pandas as pd
import pytest

from experiments.real_hearts.pairs import compared


def values(table):
    """Return a table (subjects, draws) as the report indexes it."""
    index = pd.MultiIndex.from_product([range(table.shape[0]), range(table.shape[1])], names=["subject", "draw"])
    return pd.Series(table.ravel(), index)


def test_pairing_finds_a_small_difference_and_leaves_out_patients_whom_one_arm_lacks():
    random = np.random.default_rng(0)
    patients = random.normal(100, 10, (40, 1)) + random.normal(0, 0.1, (40, 3))
    found = compared(values(patients + 0.2 + random.normal(0, 0.1, (40, 3))), values(patients))
    assert found.difference.value == pytest.approx(0.2, abs=0.05)
    assert 0 < found.difference.low < found.difference.value < found.difference.high
    assert found.p < 0.01
    one = values(np.array([[1.0, 1.0], [3.0, 3.0], [9.0, 9.0]]))
    found = compared(one, one.iloc[:5] - 1)
    assert found is not None
    assert found.difference.value == 1.0
    assert compared(one, one.iloc[:0]) is None
