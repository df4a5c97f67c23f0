import numpy as np
import pandas as pd
import pytest
import torch

from cmr_ssl.inspection.calibration import Calibration
from experiments.faults import FAULTS
from experiments.inspection import beside, inspected, measured, scored
from tests.tiny import tiny_batch, tiny_task


def test_auroc_by_hand():
    assert beside(pd.Series([3.0, 1.0]), pd.Series([2.0, 0.0, np.nan])) == pytest.approx(5 / 6)
    assert beside(pd.Series([1.0]), pd.Series([1.0])) == pytest.approx(0.5)


def test_the_table_sets_faulty_planes_against_the_same_kind_without_fault():
    rows = [{"fault": "", "subject": "a", "view": view, "faulty": False} for view in ("sa", "la_2ch")]
    rows += [{"fault": name, "subject": "a", "view": "sa", "faulty": faulty} for name in FAULTS for faulty in (1, 0)]
    planes = pd.DataFrame(rows).astype({"faulty": bool})
    scores = planes["faulty"] * 5.0 + (planes["view"] == "la_2ch") * 9.0
    found = list(measured(planes.assign(score=scores, shift_score=scores, delay_score=scores, view_score=-scores)))
    assert [row["AUROC"] for row in found] == [1.0, 0.5, 0.0]
    assert [row["AUROC of the measure made for it"] for row in found] == [1.0, 0.5, 1.0]
    assert [row["comes first in its study"] for row in found] == [1.0] * 3
    assert [row["false alarms"] for row in found] == [0.5] * 3


def test_planes_are_scored_under_their_view():
    heart, calibration = tiny_batch(subjects=1), Calibration("", 1, {})
    with torch.inference_mode():
        rows = list(scored(tiny_task(), heart, [4], calibration, 8.0))
    assert [row["view"] for row in rows] == ["la_2ch", "la_3ch", "la_4ch", *["sa"] * 4]
    assert [row["faulty"] for row in rows] == [False] * 4 + [True] + [False] * 2
    assert {"score", "error_score", "shift_score", "delay_score", "view_score"} < rows[0].keys()


def test_a_cache_is_measured(finished_run, cache):
    table = inspected(finished_run / "checkpoints" / "best.ckpt", cache, subjects=3, usual=12).set_index("fault")
    assert list(table.index) == list(FAULTS)
    assert table["AUROC"].between(0, 1).all()
    assert table["faulty planes"].iloc[0] == 3
