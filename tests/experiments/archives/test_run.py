import subprocess

import pytest

from experiments.archives.run import Times, carry_out, read_times
from experiments.archives.settings import Stage, stages

OVERVIEW = Stage("overview", ("--help",))


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


def test_a_stage_that_ended_is_not_repeated_and_the_times_of_one_that_was_cut_are_not_told(tmp_path):
    carry_out(OVERVIEW, tmp_path)
    times, said = read_times(tmp_path, "overview"), (tmp_path / "overview.log").read_text()
    assert "import-ukb" in said
    assert times.cpu_s > 0
    carry_out(OVERVIEW, tmp_path)
    assert (tmp_path / "overview.log").read_text() == said
    (tmp_path / "cut").mkdir()
    (tmp_path / "cut" / "overview.log").write_text("half of it")
    carry_out(OVERVIEW, tmp_path / "cut")
    assert read_times(tmp_path / "cut", "overview") == Times(None, None)


def test_a_stage_that_fails_has_not_ended(tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        carry_out(Stage("phantom", ("no-such-command",)), tmp_path)
    assert not (tmp_path / "phantom.json").exists()
