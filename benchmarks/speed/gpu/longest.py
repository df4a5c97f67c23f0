"""The longest pretraining that fits, on as many synthetic hearts as the cores make meanwhile.

The hearts are those of the evidence's development cohort, and more of them; the encoder may be larger. What comes out
is probed as every pretraining is: `python -m experiments.evidence probe --checkpoints ...`.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import torch
from lightning import Callback, LightningModule, Trainer

from benchmarks.speed.gpu.settings import Settings
from cmr_ssl.cohort.splits import Fractions
from cmr_ssl.workers import pool
from experiments.cohorts import DEVELOPMENT_SEED, Cohort, make, ordered, placed
from experiments.commands import last, options
from experiments.pretrainings import Pretraining, pretrain

FRACTIONS: Fractions = (0.94, 0.06, 0.0)  # nobody is tested here
TRIAL_EPOCHS = 4
SHARE = 0.85  # of the time left that is planned for; the rest is for starting, compiling anew and validating once


class Longest(NamedTuple):
    """What was pretrained: seeds, epochs of each, hearts of an epoch, seconds of an epoch, and of everything."""

    seeds: int
    epochs: int
    hearts: int
    epoch_seconds: float
    seconds: float


class Epochs(Callback):
    """Write down when each epoch ended, so that a few tell how long more of them will take."""

    def __init__(self, file: str) -> None:
        """Write to `file`."""
        self.file = Path(file)
        self.ends: list[float] = []

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Note the time."""
        self.ends.append(time.perf_counter())
        self.file.write_text(json.dumps(self.ends))


def cohort(folder: Path, hearts: int) -> Cohort:
    """Return the unlabelled hearts."""
    return placed(folder, "unlabelled", *ordered(DEVELOPMENT_SEED, hearts), fractions=FRACTIONS)


def made(folder: Path, settings: Settings, workers: int) -> Cohort:
    """Make and prepare the hearts."""
    os.nice(10)  # the device is measured meanwhile
    unlabelled = cohort(folder, settings.hearts)
    make(unlabelled, workers)
    return unlabelled


def beyond(settings: Settings, folder: Path, epochs: int, validated: float = 1.0) -> tuple[str, ...]:
    """Return what the command line says beyond the config of the evidence; validation comes once, at the end."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    callbacks = [
        {"class_path": "cmr_ssl.callbacks.LastCheckpoint", "init_args": {"every_n_epochs": 20}},
        {"class_path": "cmr_ssl.callbacks.FiniteLoss"},
        settings.compiled,
        {"class_path": f"{__name__}.{Epochs.__name__}", "init_args": {"file": str(times(folder))}},
    ]
    told = {
        "data.batch_size": settings.batch,
        "data.workers": max(settings.readers[-1] // len(settings.seeds), 1),
        "data.fractions": FRACTIONS,
        "trainer.max_epochs": epochs,
        "trainer.check_val_every_n_epoch": epochs,
        "trainer.limit_val_batches": validated,
        "trainer.callbacks": callbacks,
        "trainer.log_every_n_steps": 50,
        "trainer.enable_progress_bar": False,
    }
    return (*settings.pretraining, *options(told))


def times(folder: Path) -> Path:
    """Return where a run's times are written down."""
    return folder.with_name(f"{folder.name}-epochs.json")


def trial(folder: Path, settings: Settings, seed: int) -> float:
    """Pretrain a few epochs, compiled as the real one will be, and return the seconds of one."""
    place = folder / f"trial-{seed}"
    brief = beyond(settings, place, TRIAL_EPOCHS, validated=0.0)
    pretrain(Pretraining(place, brief, seed), cohort(folder, settings.hearts))
    return seconds_of(json.loads(times(place).read_text()))


def seconds_of(ends: list[float]) -> float:
    """Return the seconds of an epoch from when several ended; the first two warm up."""
    return (ends[-1] - ends[1]) / (len(ends) - 2)


def epochs_within(seconds: float, epoch_seconds: float) -> int:
    """Return how many epochs there is time for, at least one."""
    return max(1, int(SHARE * seconds / epoch_seconds))


def longest(folder: Path, settings: Settings, seconds: float) -> Longest:
    """Pretrain all seeds side by side, for as many epochs as fit into `seconds`."""
    start, unlabelled = time.perf_counter(), cohort(folder, settings.hearts)
    with pool(len(settings.seeds)) as processes:
        trials = [processes.submit(trial, folder, settings, seed) for seed in settings.seeds]
        epoch_seconds = max(one.result() for one in trials)
        epochs = epochs_within(seconds - (time.perf_counter() - start), epoch_seconds)
        places = {seed: folder / f"pretraining-{seed}" for seed in settings.seeds}
        runs = [Pretraining(place, beyond(settings, place, epochs), seed) for seed, place in places.items()]
        for done in [processes.submit(pretrain, run, unlabelled) for run in runs]:
            done.result()
    return Longest(len(runs), epochs, settings.hearts, epoch_seconds, time.perf_counter() - start)


def kept(folder: Path, settings: Settings, seconds: float, out: Path) -> Iterator[Longest]:
    """Pretrain as long as there is time, and keep the checkpoints without the state of the optimiser.

    The state is two thirds of them.
    """
    yield longest(folder, settings, seconds)
    for seed in settings.seeds:
        weights_only(last(folder / f"pretraining-{seed}"), out / f"pretraining-{seed}.ckpt")


def weights_only(checkpoint: Path, out: Path) -> None:
    """Write a checkpoint without what only going on with its training needs."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    for name in ("optimizer_states", "lr_schedulers", "callbacks", "loops"):
        state.pop(name, None)
    torch.save(state, out)
