"""The configurations of lines can be built, say what they simulate, and lie in run folders of their own."""

import json

import pytest
import torch
import yaml
from lightning import LightningDataModule, LightningModule
from lightning.pytorch.cli import LightningCLI

import cmr_ssl.lightning_commands  # noqa: F401  (makes the class names of configs known)
from cmr_ssl.tasks.line_task import LineTask
from tests.runs import ROOT

CONFIGS = sorted((ROOT / "configs" / "kspace").glob("*.yaml"))
ENCODER = yaml.safe_load((ROOT / "configs/kspace/pretraining.yaml").read_text())["model"]["init_args"]["encoder"]
every_config = pytest.mark.parametrize("path", CONFIGS, ids=[path.stem for path in CONFIGS])


@every_config
def test_a_configuration_can_be_built_and_judges_by_what_is_logged(path):
    reused = [] if path.stem == "pretraining" else ["--model.encoder", json.dumps(ENCODER)]
    cpu = ["--trainer.accelerator", "cpu", "--trainer.precision", "32-true"]
    with torch.device("meta"):
        made = LightningCLI(
            LightningModule,
            LightningDataModule,
            subclass_mode_model=True,
            subclass_mode_data=True,
            auto_configure_optimizers=False,
            save_config_callback=None,
            seed_everything_default=0,
            run=False,
            args=["--config", str(path), *cpu, *reused],
        )
    assert isinstance(made.model, LineTask)
    monitored = [one.monitor for one in made.trainer.checkpoint_callbacks if hasattr(one, "monitor")]
    assert monitored == [made.model.monitor]


@every_config
def test_a_configuration_says_that_it_simulates_and_which_command_runs_it(path):
    header = " ".join(line for line in path.read_text().splitlines() if line.startswith("#"))
    assert "SIMULATED" in header
    assert f"configs/kspace/{path.name}" in header


def test_runs_lie_in_folders_of_their_own():
    every = [*CONFIGS, *(ROOT / "configs").glob("*.yaml")]
    folders = [yaml.safe_load(path.read_text())["trainer"]["default_root_dir"] for path in every]
    assert len({*folders}) == len(folders)
