import numpy as np
import pytest

from cmr_ssl.commands.quantify import quantify
from tests.commands.test_quantify import SHAPE, filed, run, stack, table


def test_by_hand(tmp_path):
    filed(tmp_path / "in", "007", stack([300, 750, 450, 150]), frame_ms=250.0)
    assert run("--labels", tmp_path / "in", "--out", tmp_path / "out.csv") == 0
    row = table(tmp_path / "out.csv").loc["007"]
    expected = {
        "LVEDV (mL)": 30,
        "LVESV (mL)": 6,
        "LVEF (%)": 80,
        "LVM (g)": 18 * 1.05,
        "RVEDV (mL)": 12,
        "RVEF (%)": 50,
    }
    expected |= {"ED frame": 1, "ES frame": 3, "Heart rate (bpm)": 60, "LVCO (L/min)": 24 * 60 / 1e3}
    assert row[[*expected]].to_dict() == pytest.approx(expected)
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
