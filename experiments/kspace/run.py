"""Everything that is trained and measured; it goes on where it was cut."""

from functools import partial
from pathlib import Path

import torch
from rich.progress import track

from cmr_ssl.workers import pool
from experiments.cohorts import Cohort
from experiments.kspace import cines, cost
from experiments.kspace.features import of_images, of_lines
from experiments.kspace.settings import Settings
from experiments.kspace.trained import pretrain, teach, train_unets
from experiments.tables import write_once


def everything(settings: Settings) -> None:
    """Do what is missing, each step in a process of its own, as commands write where they like.

    Raises:
        FileNotFoundError: if the evidence has not been made yet.
    """
    for path in (*places(settings.cohort), *places(settings.hearts), settings.image_encoder):
        if not path.exists():
            raise FileNotFoundError(f"no {path}: make the evidence first, with python -m experiments.evidence")
    torch.set_num_threads(1)
    for step in track((train_unets, teach, pretrain, of_lines, of_images, measure), "k-space"):
        with pool(1) as process:
            process.submit(step, settings).result()


def places(cohort: Cohort) -> tuple[Path, Path]:
    """Return what there must be of a cohort."""
    return cohort.table, cohort.cache


def measure(settings: Settings) -> None:
    """Measure cines and what a step costs."""
    write_once(settings.cines_table, partial(cines.measured, settings))
    write_once(settings.cost_table, partial(cost.measured, settings))
