"""Pretrainings on the unlabelled cohort: the one that is published, in several seeds, and what it is compared with."""

from pathlib import Path
from typing import Any, NamedTuple

import yaml
from benchmarks.evidence.cohorts import Cohort
from benchmarks.evidence.commands import fit

CONFIG = "configs/evidence/pretraining.yaml"

BRIEF = ("--trainer.max_epochs", "6", "--trainer.check_val_every_n_epoch", "6")  # a quarter of the published one
PLAIN, EVERYWHERE = ("--model.motion", "1"), ("--model.heart_mm", "null")
HALF_BEATS = ("--model.encoder.patch", "[8, 8, 8]")

# What is changed, to see what the objective owes to it; all equally brief, compared on the development cohort only.
ABLATIONS: dict[str, tuple[str, ...]] = {
    "all": BRIEF,
    "motion weighs 1": (*BRIEF, *PLAIN),
    "everywhere alike": (*BRIEF, *EVERYWHERE),
    "motion weighs 1, everywhere alike": (*BRIEF, *PLAIN, *EVERYWHERE),
    "half a beat a token": (*BRIEF, *HALF_BEATS),
    "no augmentation": (*BRIEF, "--data.augmentation", "null"),
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
    data = ["--data.cache", str(cohort.cache), "--data.workers", "0"]
    return ["--config", CONFIG, *seeds, *data, *pretraining.options]
