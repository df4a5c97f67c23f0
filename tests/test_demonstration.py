from pathlib import Path

import pandas as pd
import pytest

from cmr_ssl import demonstration
from cmr_ssl.demonstration import QUICK, Size, demonstrate, reconstruction, stages
from cmr_ssl.shipped import with_paths

LAST = "Measured last: train/loss 1.2, val/psnr_hidden 16.41, val/psnr_trivial 10.7, val/r2_motion_heart 0.318"


def test_trainings_say_what_they_can_and_tests_how_far_they_are_off(tmp_path):
    assert reconstruction(LAST) == "hidden patches 16.4 dB (the plane's mean: 10.7), 32% of the heart's motion"
    assert reconstruction("resumed, nothing to do") == ""
    folder = tmp_path / "test"
    folder.mkdir()
    pd.DataFrame({"target": ["LVEF (%)", "LVM (g)"], "MAE": [2.44, 8.0]}).to_csv(folder / "agreement.csv")
    assert demonstration.errors(tmp_path) == "off by LVEF 2.4 %, LVM 8.0 g"
    printed = "│  test/dice_LA  │  0.90427  │\n│ test/dice_myocardium │ 0.8434 │\n│ test/loss │ 0.18 │"
    assert demonstration.overlap(printed) == "Dice LA 0.90, myocardium 0.84"


@pytest.mark.parametrize("size", [Size(), QUICK])
def test_every_stage_names_configs_that_are_shipped_and_resumes(size, tmp_path):
    made = stages(tmp_path, size, workers=2)
    for stage in made:
        resolved = with_paths(stage.words)
        assert all(Path(word.partition("=")[2]).is_file() for word in resolved if word.startswith("--config="))
        assert ("--ckpt_path" in stage.words) == (stage.words[0] in ("fit", "test"))
    assert [stage.words[0] for stage in made] == ["phantom", "prepare", "fit", "fit", "test", "fit", "test"]


def test_a_stage_is_a_line_with_its_time_and_result(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(demonstration, "spoken", lambda words, log: (LAST, 0))
    monkeypatch.setattr(demonstration, "errors", lambda folder: "off by nothing")
    monkeypatch.setattr(demonstration, "overlap", lambda said: "Dice LV 1.00")
    assert demonstrate(tmp_path, QUICK, workers=1) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 7 + 3
    assert "0 s" in said[2]
    assert said[2].endswith("32% of the heart's motion")
    assert said[6].endswith("Dice LV 1.00")


def test_a_stage_that_fails_ends_the_demo_with_what_it_said_last(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(demonstration, "spoken", lambda words, log: ("begun\nerror: no room", 1))
    assert demonstrate(tmp_path, QUICK, workers=1) == 1
    said = capsys.readouterr()
    assert said.out.rstrip().endswith("failed")
    assert "error: no room" in said.err
    assert str(tmp_path / "log.txt") in said.err


def test_a_command_and_what_it_said_are_logged(tmp_path):
    said, status = demonstration.spoken(["no-such-command"], tmp_path / "log.txt")
    assert status != 0
    logged = (tmp_path / "log.txt").read_text()
    assert "$ python -m cmr_ssl no-such-command" in logged
    assert said in logged
