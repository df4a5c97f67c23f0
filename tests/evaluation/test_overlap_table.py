import numpy as np
import pandas as pd
import pytest

from cmr_ssl.evaluation.overlap_table import overlap_table


def test_scores_are_averaged_within_subjects_before_over_them():
    rows = [("1", 0.8, 1.0), ("1", 0.6, 3.0), ("2", 0.9, 2.0), ("3", 0.0, np.nan)]
    scores = pd.DataFrame(rows, columns=["subject", "dice", "hd95_mm"]).assign(
        assd_mm=1.0, structure="LV", view="sa", phase="ED", missed=[False, False, False, True]
    )
    row = overlap_table(scores).iloc[0]
    assert (row["structure"], row["view"], row["phase"], row["N"], row["missed"]) == ("LV", "sa", "ED", 3, 1)
    assert row["dice"] == pytest.approx((0.7 + 0.9 + 0) / 3)
    assert row["hd95_mm"] == pytest.approx(2)
    assert row["dice 2.5 %"] < row["dice"] < row["dice 97.5 %"]
