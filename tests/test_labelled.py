import pandas as pd
import pytest

import cmr_ssl
from cmr_ssl.cli import main


def test_volumes_of_a_study_are_those_of_the_command(tmp_path):
    assert main(["phantom", "--out", str(tmp_path / "c"), "--subjects", "2", "--preset", "small"]) == 0
    assert main(["quantify", "--labels", str(tmp_path / "c"), "--out", str(tmp_path / "table.csv")]) == 0
    table = pd.read_csv(tmp_path / "table.csv", index_col="subject")
    measured = cmr_ssl.measure(cmr_ssl.read(tmp_path / "c" / "900000002"))
    assert measured.values["LVEF (%)"] > 0
    for name, value in measured.values.items():
        assert value == pytest.approx(table.loc[900000002, name], abs=1e-4, nan_ok=True)


def test_a_study_without_labels_has_no_volumes_and_the_reason():
    study = cmr_ssl.phantom(subject=1, preset="small")
    for series in study.series:
        series.labels = None
    measured = cmr_ssl.measure(study)
    assert all(name in measured.reasons for name in measured.values)
