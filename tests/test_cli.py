import importlib
import tomllib

import pytest

from cmr_ssl.cli import COMMANDS, TRAINING, main, spell_out
from tests.runs import ROOT, refusal


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_the_overview_names_every_command(flag, capsys):
    assert main([flag]) == 0
    shown = capsys.readouterr().out
    for command in (*COMMANDS, *TRAINING):
        assert f"\n  {command} " in shown


def test_an_unknown_command_is_named_and_the_others_shown(capsys):
    assert main(["fitt"]) == 2
    error = capsys.readouterr().err
    assert "no command 'fitt'" in error
    assert "prepare" in error


@pytest.mark.parametrize("command", COMMANDS)
def test_every_data_command_explains_itself(command, capsys):
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert f"python -m cmr_ssl {command}" in capsys.readouterr().out


@pytest.mark.parametrize("command", COMMANDS)
def test_a_misspelt_option_is_refused(command):
    with pytest.raises(SystemExit) as stopped:
        main([command, "--nonsense", "1"])
    assert stopped.value.code == 2


def test_a_mistake_is_one_sentence_and_no_traceback(tmp_path, capsys):
    options = {"checkpoint": tmp_path / "no.ckpt", "cache": tmp_path, "out": tmp_path / "e.parquet"}
    assert refusal(capsys, "embed", **options).startswith("no checkpoint at")


@pytest.mark.parametrize("said", [["--dicom"], ["--dicom", "true"], ["--dicom=true"]])
def test_a_switch_can_stand_alone_anywhere(said):
    assert spell_out([*said, "--seed", "1"], {"--dicom"})[-2:] == ["--seed", "1"]
    for arguments in ([*said, "--seed", "1"], ["--seed", "1", *said]):
        assert "=".join(spell_out(arguments, {"--dicom"})).replace("--seed=1", "").strip("=") == "--dicom=true"


def test_a_command_takes_its_switches_alone(tmp_path):
    small = ["--subjects", "1", "--preset", "small"]
    assert main(["phantom", "--dicom", "--out", str(tmp_path), *small]) == 0
    assert len([*tmp_path.glob("*.zip")]) == 2


@pytest.mark.parametrize("said", [[], ["--dicom", "false"], ["--dicom=false"], ["--out", "dicom"]])
def test_nothing_else_is_spelt_out(said):
    assert spell_out(said, {"--dicom"}) == said


def test_the_console_command_is_the_same_program():
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]["cmr-ssl"]
    module, _, name = told.partition(":")
    assert getattr(importlib.import_module(module), name) is main
