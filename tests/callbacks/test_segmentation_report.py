from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from cmr_ssl.anatomy import LV, MYOCARDIUM, RV
from cmr_ssl.callbacks import SegmentationReport
from cmr_ssl.callbacks.segmentation_report import volumes_of
from cmr_ssl.overlap import Score
from cmr_ssl.tasks.annotated_classes import no_annotated_classes
from cmr_ssl.volumes import MISSING, LabelMap
from tests.labelled import STACK, heart, millilitres


def test_what_cannot_be_measured_leaves_a_table_that_can_be_read(tmp_path, capsys):
    report = SegmentationReport()
    report.scores = [Score("900000001", "sa", 0, 0, "ED", "LV", 0.0, np.nan, np.nan, True)]
    report.volumes = [{"subject": "900000001", "predicted LVEDV (mL)": np.nan, "true LVEDV (mL)": 100.0}]
    report.on_test_end(SimpleNamespace(is_global_zero=True, default_root_dir=str(tmp_path)), None)
    assert pd.read_csv(tmp_path / "test" / "agreement.csv").set_index("target").empty
    assert "Tables" in capsys.readouterr().out


def row(true=None, left_out=False, drawn=(LV, MYOCARDIUM, RV)):
    memory = no_annotated_classes()
    memory[0, list(drawn)] = 1
    maps = {"sa": LabelMap(heart().T, STACK)}
    return volumes_of("s", maps, maps if true is None else {"sa": LabelMap(true.T, STACK)}, memory, left_out)


def test_volumes_of_whole_label_maps_are_those_counted():
    found = row()
    assert found["predicted LVEDV (mL)"] == found["true LVEDV (mL)"] == pytest.approx(millilitres(heart(), 1))
    assert "LV" not in found[MISSING]


def test_no_volume_is_told_where_slices_were_left_out_or_are_missing():
    found = row(left_out=True)
    assert not any(np.isfinite(value) for value in found.values() if isinstance(value, float))
    assert "true LVEDV (mL)" in found[MISSING]
    assert "data.findings leaves out slices" in found[MISSING]
    true = heart()
    true[:, :, 3] = 255
    found = row(true)
    assert np.isnan(found["true LVEDV (mL)"])
    assert np.isfinite(found["predicted LVEDV (mL)"])
    assert "reaches a slice that is missing" in found[MISSING]


def test_classes_that_training_never_saw_have_no_predicted_volume():
    found = row(drawn=(LV, RV))
    assert np.isnan(found["predicted LVM (g)"])
    assert np.isfinite(found["true LVM (g)"])
    assert "predicted LVM (g): no training subject had the myocardium drawn" in found[MISSING]
