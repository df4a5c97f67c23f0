from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from cmr_ssl.commands.phantom import phantom
from tests.runs import ROOT


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"out": Path("x"), "subjects": 0}, "--subjects 0 makes no sense"),
        ({"out": Path("x"), "workers": 0}, "--workers 0 makes no sense"),
        ({"out": Path("x"), "seed": -1}, "--seed -1 makes no sense"),
        ({"out": Path("x"), "visit": 1}, "--visit 1 makes no sense"),
        ({"out": Path("x"), "visit": 3, "dicom": True}, "--visit 3 is of NIfTI folders"),
        ({"preview": Path("x.png"), "subject": 0}, "--subject 0 makes no sense"),
        ({"out": Path("x"), "pathology": "broken"}, "unknown pathology 'broken': choose one of mixed, normal"),
        ({}, "one of --out FOLDER"),
        ({"out": Path("x"), "preview": Path("x.png")}, "one of --out FOLDER"),
    ],
)
def test_impossible_arguments_get_one_clear_sentence_and_nothing_is_written(arguments, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=sentence):
        phantom(**arguments)
    assert not list(tmp_path.iterdir())


def test_the_command_writes_a_cohort_and_then_has_nothing_left_to_do(tmp_path, capsys):
    out = tmp_path / "cohort"
    assert phantom(out=out, subjects=1, preset="small", pathology="dilated") == 0
    assert (out / "900000001" / "sa.nii.gz").is_file()
    stamp = (out / "900000001").stat().st_mtime_ns
    assert phantom(out=out, subjects=1, preset="small", pathology="dilated") == 0
    assert (out / "900000001").stat().st_mtime_ns == stamp
    assert "1 subjects in" in capsys.readouterr().out


def test_the_command_draws_one_heart_and_the_same_one_in_another_scanner(tmp_path):
    assert phantom(preview=tmp_path / "heart.png", preset="small", subject=3) == 0
    assert (tmp_path / "heart.png").is_file()
    for name in ("default", "balanced_3t"):
        asked = {"scanner": str(ROOT / f"configs/scanners/{name}.yaml"), "preset": "small", "subjects": 1}
        assert phantom(sheet=tmp_path / f"{name}.png", **asked) == 0
    assert (tmp_path / "default.png").read_bytes() != (tmp_path / "balanced_3t.png").read_bytes()


def test_another_visit_is_the_same_heart_in_other_planes(tmp_path):
    tables, images = [], []
    for visit in (2, 3):
        out = tmp_path / str(visit)
        assert phantom(out=out, subjects=1, preset="small", visit=visit) == 0
        tables.append(pd.read_csv(out / "phenotypes.csv").iloc[0])
        images.append(nib.load(out / "900000001" / "sa.nii.gz"))
    first, second = tables
    truth = [name for name in first.index if not name.startswith("UKB") and name != "Slice shift (mm)"]
    assert first[truth].equals(second[truth])
    assert first["UKB LVEDV (mL)"] != second["UKB LVEDV (mL)"]
    assert not np.allclose(images[0].affine, images[1].affine)
    with pytest.raises(ValueError, match="visit None, not 3"):
        phantom(out=tmp_path / "2", subjects=1, preset="small", visit=3)
