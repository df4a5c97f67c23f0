import shutil

import nibabel as nib
import pandas as pd
import pytest

from cmr_ssl.cli import main
from tests import studies
from tests.runs import refusal


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    folder = tmp_path_factory.mktemp("source")
    studies.write_study(folder, studies.study(frames=8, frame_ms=110.0))
    return folder


def synthesize(finished_run, source, out, *more, planes="la:0"):
    options = ["--checkpoint", finished_run, "--source", source, "--out", out, "--planes", planes, *more]
    return main(["synthesize", *map(str, options)])


def test_subjects_are_made_once_by_each_model_and_bad_ones_are_named(finished_run, source, tmp_path, capsys):
    folder, out = tmp_path / "source", tmp_path / "out"
    shutil.copytree(source, folder)
    (folder / "900000002").mkdir()
    (folder / "900000002" / "sa.nii.gz").write_bytes(b"not an image")
    assert synthesize(finished_run, folder, out) == 0
    assert "1 subjects synthesised, 1 not" in capsys.readouterr().out
    table = pd.read_csv(out / "synthesis.csv", keep_default_na=False).set_index("subject")
    assert table.loc[900000001, "problem"] == ""
    assert "cannot be read" in table.loc[900000002, "problem"]
    file = out / "900000001" / "synthetic_la_0.nii.gz"
    description = nib.load(file).header["descrip"].item().decode()
    assert description.startswith("synthesised by cmr_ssl, not acquired; model ")
    first = file.stat().st_mtime_ns
    assert synthesize(finished_run, folder, out) == 0
    assert file.stat().st_mtime_ns == first
    assert pd.read_csv(out / "synthesis.csv", keep_default_na=False).set_index("subject").equals(table)
    assert synthesize(finished_run, folder, out, "--overwrite", "true") == 0
    assert file.stat().st_mtime_ns > first
    assert synthesize(finished_run, folder, out, planes="la:90") == 0
    assert (file.parent / "synthetic_la_90.nii.gz").is_file()
    file.unlink()
    assert synthesize(finished_run, folder, out) == 0
    assert file.is_file()


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"planes": "sideways"}, "give dense, la:ANGLES"),
        ({"source": "nowhere"}, "nowhere is no folder"),
        ({"checkpoint": "nowhere"}, "no checkpoint at nowhere"),
    ],
)
def test_mistakes_get_one_sentence(wrong, sentence, finished_run, source, tmp_path, capsys):
    options = {"checkpoint": finished_run, "source": source, "out": tmp_path, "planes": "la:0"}
    assert sentence in refusal(capsys, "synthesize", **options | wrong)
