import json
import subprocess

import pytest
from benchmarks.archives import Times, carry_out, read_times, stages

from benchmarks import archives


@pytest.fixture
def ran(monkeypatch):
    """Return the commands that were run, none of them for real."""
    commands = []
    monkeypatch.setattr(subprocess, "run", lambda command, **_: commands.append(command))
    return commands


def test_the_way_is_that_of_a_user_and_each_stage_reads_what_one_before_wrote(tmp_path):
    way = {stage.name: stage.arguments for stage in stages(tmp_path, 40, 100, 2)}
    assert [*way] == ["phantom", "truth", "import-ukb", "prepare", "qc", "cohort", "fit"]
    options = {name: dict(zip(words[1::2], words[2::2], strict=True)) for name, words in way.items()}
    assert options["truth"]["--subjects"] == "40"
    assert "--dicom" not in options["truth"]
    assert options["import-ukb"]["--zips"] == options["phantom"]["--out"]
    assert options["prepare"]["--source"] == options["import-ukb"]["--out"]
    assert options["qc"]["--imported"] == options["import-ukb"]["--out"]
    cache = options["prepare"]["--out"]
    assert [options["qc"]["--cache"], options["cohort"]["--cache"], options["fit"]["--data.cache"]] == [cache] * 3
    assert options["fit"]["--data.findings"] == f"{options['qc']['--out']}/findings.csv"
    assert options["fit"]["--data.table"] == options["cohort"]["--out"]


def test_a_stage_that_ended_is_not_repeated(tmp_path, ran):
    stage = stages(tmp_path, 40, 100, 2)[0]
    carry_out(stage, tmp_path)
    carry_out(stage, tmp_path)
    assert len(ran) == 1
    assert ran[0][1:] == ["-m", "cmr_ssl", *stage.arguments]
    assert read_times(tmp_path, "phantom").wall_s >= 0


def test_the_times_of_a_stage_that_was_cut_are_not_told(tmp_path, ran):
    stage = stages(tmp_path, 40, 100, 2)[0]
    (tmp_path / "phantom.log").write_text("half of it")
    carry_out(stage, tmp_path)
    assert json.loads((tmp_path / "phantom.json").read_text()) == {"cpu_s": None, "wall_s": None}
    assert read_times(tmp_path, "phantom") == Times(None, None)
    assert len(ran) == 1


def test_a_stage_that_fails_has_not_ended(tmp_path, monkeypatch):
    stage = archives.Stage("phantom", ("no-such-command",))
    with pytest.raises(subprocess.CalledProcessError):
        carry_out(stage, tmp_path)
    assert not (tmp_path / "phantom.json").exists()
