from pathlib import Path

import numpy as np
import pandas as pd

from cmr_ssl.cohort.cohort_summary import print_summary


def test_what_is_missing_is_counted_among_usable_subjects(capsys):
    splits = ["train"] * 4 + ["val", "test"]
    joined = pd.DataFrame({"split": splits, "status": ["accepted"] * 5 + ["rejected"], "person": list("abbcde")})
    joined = joined.assign(in_table=[True] * 4 + [False, True], **{"LVEF (%)": [60, 50, 55, np.nan, np.nan, 40]})
    print_summary(joined, ["LVEF (%)"], Path("cohort.parquet"))
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["all", "6", "1", "5", "4", "1"] in shown
    assert ["LVEF", "(%)", "3", "2", "40.0"] in [line[:5] for line in shown]
    assert shown[-1] == ["The", "table:", "cohort.parquet"]
