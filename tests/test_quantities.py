import numpy as np
import pytest

from cmr_ssl.commands.quantify import quantify
from tests.commands.test_quantify import SHAPE, filed, run, stack, table


def test_by_hand(tmp_path):
    filed(tmp_path / "in", "007", stack([300, 750, 450, 150]), frame_ms=250.0)
    assert run("--labels", tmp_path / "in", "--out", tmp_path / "out.csv") == 0
    row = table(tmp_path / "out.csv").loc["007"]
    assert (row["LVEDV (mL)"], row["LVESV (mL)"], row["LVEF (%)"]) == (30, 6, 80)
    assert row["LVM (g)"] == pytest.approx(18 * 1.05)
    assert (row["RVEDV (mL)"], row["RVEF (%)"]) == (12, 50)
    assert (row["ED frame"], row["ES frame"]) == (1, 3)
    assert row["Heart rate (bpm)"] == pytest.approx(60)
    assert row["LVCO (L/min)"] == pytest.approx(24 * 60 / 1e3)
    assert row["Not measurable"].startswith("LAV max (mL), LAV min (mL), LASV (mL), LAEF (%): ")


def test_every_empty_cell_has_its_reason(tmp_path):
    filed(tmp_path / "in", "one", stack([300, 750, 450, 150]), frame_ms=0.0)
    (tmp_path / "in" / "two").mkdir()
    assert run("--labels", tmp_path / "in", "--out", tmp_path / "out.csv") == 0
    for _, row in table(tmp_path / "out.csv").iterrows():
        for name in row.index[row.isna()]:
            assert name in row["Not measurable"]


def test_nothing_measured_is_a_failure(tmp_path):
    filed(tmp_path / "in", "blank", np.zeros(SHAPE, np.uint8), frame_ms=250.0)
    assert quantify(tmp_path / "in", tmp_path / "out.csv") == 1
    row = table(tmp_path / "out.csv").loc["blank"]
    assert row["Heart rate (bpm)"] == pytest.approx(60)  # which is no measurement of the heart's labels
    assert "shows no LV" in row["Not measurable"]
