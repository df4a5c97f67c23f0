import numpy as np
import pandas as pd
import pytest

from cmr_ssl.evaluation.evaluated import Evaluated, dice_of_subjects, subjects_table
from cmr_ssl.evaluation.paired_values import PairedValues

INDEX = ["1", "2"]
VALUES = PairedValues(*(pd.DataFrame({"x": x}, INDEX) for x in ([1.0, 5], [3.0, 4], [2.0, 2])), [])
# the LV at ED and ES
WHOLES = pd.DataFrame({"subject": ["1"] * 3, "structure": ["RV", "LV", "LV"], "dice": [0.5, 0.8, 0.6]})


def test_each_subject_has_its_values_its_error_and_the_dice_of_its_structures():
    table = subjects_table(Evaluated(VALUES, WHOLES, WHOLES))
    assert list(table) == ["predicted x", "true x", "error x", "within x", "Dice LV", "Dice RV"]
    assert table.loc["1"].to_list() == pytest.approx([1, 3, -2, 2, 0.7, 0.5])
    assert np.isnan(table.loc["2", "Dice LV"])
    assert list(dice_of_subjects(Evaluated(VALUES, WHOLES, WHOLES)).index) == INDEX


def test_tables_alone_have_no_dice():
    table = subjects_table(Evaluated(VALUES, WHOLES[:0], WHOLES[:0]))
    assert list(table) == ["predicted x", "true x", "error x", "within x"]
