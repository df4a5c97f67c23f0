import runpy
import subprocess
import sys
from importlib import import_module
from inspect import signature

import matplotlib.pyplot as plt
import numpy as np
import pytest

from cmr_ssl.cli import COMMANDS
from cmr_ssl.lightning_commands import build
from cmr_ssl.shipped import with_paths
from tests import studies
from tests.runs import ROOT
from tests.untrained import write_untrained

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
NOTEBOOKS = sorted((ROOT / "examples" / "notebooks").glob("*.py"))
TRAINING = "learn_from_a_cohort"  # takes longer than all others together
JOBS = sorted((ROOT / "examples").glob("slurm/*.sbatch"))


@pytest.fixture
def run(monkeypatch, tmp_path):
    """Return what runs an example in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def run_one(name, *options):
        monkeypatch.setattr(sys, "argv", [name, *map(str, options)])
        runpy.run_path(str(ROOT / "examples" / name), run_name="__main__")

    return run_one


@pytest.fixture
def scans(tmp_path):
    """Return a folder with two small studies."""
    for subject in ("900000001", "900000002"):
        studies.write_study(tmp_path / "scans", studies.study(subject=subject, frames=8, frame_ms=110.0))
    return tmp_path / "scans"


@pytest.mark.parametrize("path", EXAMPLES, ids=[path.stem for path in EXAMPLES])
def test_examples_are_short(path):
    assert len(path.read_text().splitlines()) <= 60


def test_scans_are_embedded_by_a_model_of_any_task(run, scans, tmp_path, capsys):
    model = write_untrained(tmp_path / "run" / "checkpoints" / "best.ckpt", "segmentation").parents[1]
    run("embed_my_scans.py", "--model", model, "--scans", scans, "--out", tmp_path / "e.npz")
    with np.load(tmp_path / "e.npz") as vectors:
        assert sorted(vectors) == ["900000001", "900000002"]
    assert "cosine similarity of 900000001, 900000002" in capsys.readouterr().out


def test_synthetic_hearts_are_embedded_by_an_untrained_network(run, capsys):
    run("embed_my_scans.py")
    assert "cosine similarity of 900000001, 900000002, 900000003" in capsys.readouterr().out


def test_scans_are_segmented_measured_and_drawn(run, scans, tmp_path):
    model = write_untrained(tmp_path / "best.ckpt", "segmentation")
    run("segment_and_measure.py", "--model", model, "--scans", scans)
    written = {path.name for path in (tmp_path / "segmented" / "900000001").iterdir()}
    assert written == {"labels.png", *(f"seg6_{view}.nii.gz" for view in ("sa", "la_2ch", "la_3ch", "la_4ch"))}


def test_a_synthetic_heart_is_measured_by_its_own_labels(run, tmp_path, capsys):
    run("segment_and_measure.py")
    assert (tmp_path / "segmented" / "900000003" / "labels.png").is_file()
    assert "LVEF (%)         47.3" in capsys.readouterr().out


def test_a_new_mask_is_trained_with(run, capsys):
    run("add_a_mask.py")
    assert "loss after two steps: 0." in capsys.readouterr().out


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, id=path.stem, marks=[pytest.mark.exhaustive] if path.stem == TRAINING else [])
        for path in NOTEBOOKS
    ],
)
def test_notebooks_run_from_top_to_bottom(path, run):
    run(path)
    assert path.read_text().startswith("# ---\n# jupyter:")
    plt.close("all")


@pytest.mark.parametrize("path", JOBS, ids=[path.stem for path in JOBS])
def test_jobs_give_commands_that_exist_what_slurm_tells_them(path, tmp_path, monkeypatch):
    said = tmp_path / "said.txt"
    for name, words in (("python", '"$@"'), ("srun", '"${@:2}"')):
        stub = tmp_path / name
        stub.write_text(f'#!/bin/bash\nprintf "%s\\n" {words} "" >> {said}\n')
        stub.chmod(0o755)
    paths = {name: f"/data/{name.lower()}" for name in ("ZIPS", "NIFTI", "CACHE", "RUN")}
    told = {"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "64", "SLURM_CPUS_PER_TASK": "8"}
    told |= {"SLURM_NNODES": "2", "SLURM_NTASKS_PER_NODE": "8"}
    environment = paths | told | {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    subprocess.run(["bash", path], env=environment, check=True)
    for words in (command.split("\n") for command in said.read_text().strip("\n").split("\n\n")):
        assert words[:2] == ["-m", "cmr_ssl"]
        name, options = words[2], words[3:]
        if name in COMMANDS:
            run = getattr(import_module(f"cmr_ssl.commands.{name.replace('-', '_')}"), name.replace("-", "_"))
            assert {option.removeprefix("--") for option in options[::2]} <= {*signature(run).parameters}
        else:
            assert (name, *options[-2:]) == ("fit", "--ckpt_path", "auto")
            trainer = build(with_paths([*options[:-2], "--model.encoder", "configs/encoders/small.yaml"])).trainer
            assert (trainer.num_nodes, trainer.num_devices) == (2, 8)
