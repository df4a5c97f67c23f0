import pandas as pd
import pytest
import torch

from cmr_ssl.cli import main
from cmr_ssl.robustness.undersampling import FULL, RECONSTRUCTED, ZERO_FILLED
from cmr_ssl.robustness.undersampling_report import names
from tests.runs import refusal


def test_runs_have_the_names_of_their_folders(tmp_path):
    paths = [tmp_path / name / "checkpoints" / "last.ckpt" for name in ("one", "two")]
    assert names(paths) == ["one", "two"]
    assert names([paths[0], paths[0]]) == ["one 1", "one 2"]


@pytest.mark.parametrize("capabilities", [{}, {"avx512_bf16": True}], ids=["float32", "bfloat16"])
def test_the_command_writes_table_summary_and_curves_side_by_side(
    capabilities, finished_run, cache, tmp_path, monkeypatch
):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    words = ["--checkpoint", finished_run, "--beside", finished_run, "--cache", cache, "--out", tmp_path]
    assert main(["robustness", *map(str, words), "--undersampling", "1,2", "--device", "cpu"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"undersampling.{end}" for end in ("csv", "md", "png")]
    table = pd.read_csv(tmp_path / "undersampling.csv")
    assert set(table["model"]) == {"finished 1", "finished 2"}
    assert set(table["way"]) == {FULL, ZERO_FILLED, RECONSTRUCTED}
    full = table[(table["way"] == FULL) & table["measure"].isin(["cosine", "identity"])]
    assert full["value"].to_numpy() == pytest.approx(1, abs=1e-4)
    said = (tmp_path / "undersampling.md").read_text()
    assert "simulated from magnitude images" in said
    assert said.count("zero-filled images | 2 |") == 2


def test_comparing_without_accelerations_is_refused(finished_run, cache, tmp_path, capsys):
    options = {"checkpoint": finished_run, "beside": finished_run, "cache": cache, "out": tmp_path / "out"}
    assert "add --undersampling 1,2,4,8,16" in refusal(capsys, "robustness", **options)
