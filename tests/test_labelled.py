from copy import deepcopy

import numpy as np
import pandas as pd
import pytest

import cmr_ssl
from cmr_ssl.anatomy import LV, UNLABELLED
from cmr_ssl.cli import main


def test_volumes_of_a_study_are_those_of_the_command(hearts, tmp_path):
    study = hearts / "cohort" / "900000001"
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / study.name).symlink_to(study)
    assert main(["quantify", "--labels", str(tmp_path / "labels"), "--out", str(tmp_path / "table.csv")]) == 0
    table = pd.read_csv(tmp_path / "table.csv", index_col="subject")
    measured = cmr_ssl.measure(cmr_ssl.read(study))
    assert measured.values["LVEF (%)"] > 0
    for name, value in measured.values.items():
        assert value == pytest.approx(table.loc[900000001, name], abs=1e-4, nan_ok=True)


@pytest.fixture(scope="module")
def heart():
    return cmr_ssl.phantom(subject=1, preset="small")


def test_a_study_without_labels_or_with_wrong_ones_has_no_volumes_and_the_reason(heart):
    study = deepcopy(heart)
    for series in study.series:
        series.labels = None
    measured = cmr_ssl.measure(study)
    assert all(name in measured.reasons for name in measured.values)
    study = deepcopy(heart)
    stack = next(one for one in study.series if one.view == "sa")
    stack.labels = np.array([0, 3, 2, 1, 4, 5], dtype=np.uint8)[stack.labels]
    assert "sa" in cmr_ssl.measure(study).reasons  # a map that is set aside


def test_what_nobody_labelled_beside_a_structure_is_not_missing_in_silence(heart):
    study = deepcopy(heart)
    assert cmr_ssl.measure(study).values["LVEDV (mL)"] > 0
    labels = study.labels["sa"]
    labels[0] = UNLABELLED  # beside the heart
    assert cmr_ssl.measure(study).values["LVEDV (mL)"] > 0
    inside = np.argwhere(labels[..., 0] == LV)
    labels[*inside[len(inside) // 2], 0] = UNLABELLED
    measured = cmr_ssl.measure(study)
    assert np.isnan(measured.values["LVEDV (mL)"])
    assert "nobody labelled" in measured.reasons["LVEDV (mL)"]
    for slices in (slice(0, 5), slice(5, None)):  # from the base, and to the apex
        study = heart.copy()
        study.labels["sa"][:, :, slices] = UNLABELLED
        measured = cmr_ssl.measure(study)
        assert np.isnan(measured.values["LVEDV (mL)"])
        assert "reaches a slice that is missing" in measured.reasons["LVEDV (mL)"]


def test_what_is_no_study_is_refused():
    with pytest.raises(TypeError, match="one study is wanted"):
        cmr_ssl.measure("cohort/900000001")
