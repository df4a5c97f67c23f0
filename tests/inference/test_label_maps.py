import numpy as np

from cmr_ssl.inference import label_maps
from tests.inference.test_folder import row_of, segmentation, spoilt


def test_a_slice_that_was_set_aside_leaves_no_volume_that_lacks_it(source, tmp_path, monkeypatch):
    model = segmentation(monkeypatch)
    whole = row_of(model, source, tmp_path)
    assert whole["LVEDV (mL)"] > 0
    assert whole["problem"] == ""
    row = row_of(model, spoilt(tmp_path / "blank", 4), tmp_path)
    assert row["status"] == "predicted"
    assert row["problem"] == "rejected: sa slice 4: every frame is one constant value"
    assert np.isnan(row["LVEDV (mL)"])
    assert "LVEDV (mL)" in row["Not measurable"]
    assert "reaches a slice that is missing" in row["Not measurable"]


def test_classes_nobody_drew_have_no_volume(source, tmp_path, monkeypatch):
    model = segmentation(monkeypatch)
    model.trained.task.drawn[:, 1] = 0
    row = row_of(model, source, tmp_path)
    assert np.isnan(row["LVEDV (mL)"])
    assert "no training subject had the LV drawn" in row["Not measurable"]


def test_slices_are_numbered_as_in_the_file_and_findings(source, tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(label_maps, "overlay", lambda *options: said.append(options[4]))
    row_of(segmentation(monkeypatch), spoilt(tmp_path / "blank", 4), tmp_path)
    assert said == [[*(f"sa {index}" for index in (0, 1, 2, 3, 5, 6, 7, 8)), "la_4ch"]]
