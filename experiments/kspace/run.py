"""Everything that is trained and measured; it goes on where it was cut."""

from collections.abc import Callable
from concurrent.futures import as_completed
from functools import partial
from pathlib import Path

import torch
from rich.progress import track

from cmr_ssl.workers import pool
from experiments.cohorts import Cohort
from experiments.kspace import cines, cost
from experiments.kspace.features import of_images, of_lines, of_taught
from experiments.kspace.settings import Settings
from experiments.kspace.trained import pretrain, teach, train_undersampled_unet, train_unet
from experiments.tables import write_once

Step = Callable[[Settings], None]


def everything(settings: Settings, workers: int) -> None:
    """Do what is missing, so many steps at a time, in processes of their own, as commands write where they like.

    Raises:
        FileNotFoundError: if the evidence has not been made yet.
    """
    for path in (*places(settings.cohort), *places(settings.hearts), settings.image_encoder):
        if not path.exists():
            raise FileNotFoundError(f"no {path}: make the evidence first, with python -m experiments.evidence")
    stages: dict[str, tuple[Step, ...]] = {
        "trainings": (train_undersampled_unet, train_unet, teach, pretrain, of_images),
        "measures": (of_lines, of_taught, measure_cines),
        "cost": (measure_cost,),  # alone, as it is timed
    }
    for name, steps in stages.items():
        with pool(min(workers, len(steps))) as processes:
            asked = [processes.submit(alone, step, settings) for step in steps]
            for one in track(as_completed(asked), name, total=len(asked)):
                one.result()


def places(cohort: Cohort) -> tuple[Path, Path]:
    """Return what there must be of a cohort."""
    return cohort.table, cohort.cache


def alone(step: Step, settings: Settings) -> None:
    """Do a step on one core."""
    torch.set_num_threads(1)
    step(settings)


def measure_cines(settings: Settings) -> None:
    """Measure cines and their label maps."""
    write_once(settings.cines_table, partial(cines.measured, settings))


def measure_cost(settings: Settings) -> None:
    """Measure what a step on lines costs."""
    write_once(settings.cost_table, partial(cost.measured, settings))
