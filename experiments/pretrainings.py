"""Pretrainings on the unlabelled cohort, as configs/evidence/pretraining.yaml describes them."""

from pathlib import Path
from typing import NamedTuple

from experiments.cohorts import FOLDER, Cohort
from experiments.commands import fit, last, options

CONFIG = "configs/evidence/pretraining.yaml"
ENCODER = "configs/encoders/small.yaml"  # that it names


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
        return last(self.folder)


def first(folder: Path = FOLDER) -> Pretraining:
    """Return the pretraining that the evidence begins with, which other experiments use, too."""
    return Pretraining(folder / "pretraining-0")


def pretrain(pretraining: Pretraining, cohort: Cohort, threads: int = 1) -> None:
    """Pretrain on the training split; what is done stays."""
    fit(pretraining.folder, words(pretraining, cohort), threads)


def words(pretraining: Pretraining, cohort: Cohort) -> list[str]:
    """Return what `fit` is told."""
    seeds = dict.fromkeys(("seed_everything", "model.seed", "data.seed"), pretraining.seed)
    data = {"data.cache": cohort.cache, "data.workers": 0}
    return [f"--config={CONFIG}", *options(seeds | data), *pretraining.options]
