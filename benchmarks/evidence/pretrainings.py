"""Pretrainings on the development cohort: the one that is published, in several seeds, and what it is compared with."""

from pathlib import Path
from typing import Any, NamedTuple

import yaml

from benchmarks.evidence.cohorts import Cohort
from benchmarks.evidence.commands import fit

CONFIG = "configs/evidence/pretraining.yaml"

# What is changed one at a time, to see what the objective owes to it; compared on the development cohort only.
ABLATIONS: dict[str, tuple[str, ...]] = {
    "hidden: 50 %": ("--model.mask_ratio", "0.5", "--data.min_planes", "8"),
}


class Pretraining(NamedTuple):
    """One pretraining.

    Attributes:
        folder: where its run lies.
        options: what the command line says beyond the config.
        seed: of its weights, masks and order of subjects.
        name: in tables, where it is an ablation.
    """

    folder: Path
    options: tuple[str, ...] = ()
    seed: int = 0
    name: str = "as published"

    @property
    def checkpoint(self) -> Path:
        """What it ends with."""
        return self.folder / "checkpoints" / "last.ckpt"


def described() -> dict[str, Any]:
    """Return the pretraining task of the config, its arguments by name."""
    arguments: dict[str, Any] = yaml.safe_load(Path(CONFIG).read_text())["model"]["init_args"]
    return arguments


def pretrain(pretraining: Pretraining, cohort: Cohort, threads: int = 1) -> None:
    """Pretrain on the training split; what is done stays."""
    done = pretraining.folder / "done.txt"
    if not done.exists():
        fit(pretraining.folder, words(pretraining, cohort), threads)
        done.touch()


def words(pretraining: Pretraining, cohort: Cohort) -> list[str]:
    """Return what `fit` is told."""
    seed = str(pretraining.seed)
    seeds = ["--seed_everything", seed, "--model.seed", seed, "--data.seed", seed]
    data = ["--data.cache", str(cohort.cache), "--data.table", str(cohort.table), "--data.workers", "0"]
    return ["--config", CONFIG, *seeds, *data, *pretraining.options]
