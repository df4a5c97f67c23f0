"""The longest pretraining that fits, on as many synthetic hearts as the cores make meanwhile.

The hearts are those of the evidence's development cohort, and more of them; the encoder may be larger. What comes out
is probed as every pretraining is: `python -m benchmarks.evidence probe --checkpoints ...`.
"""

import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import torch
from benchmarks.evidence.cohorts import Cohort, make, ordered, placed
from benchmarks.evidence.pretrainings import Pretraining, pretrain
from benchmarks.evidence.settings import DEVELOPMENT_SEED
from benchmarks.gpu.effort import Effort
from lightning import Callback, LightningModule, Trainer

from cmr_ssl.cohort.splits import Fractions

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


def made(folder: Path, effort: Effort, workers: int) -> Cohort:
    """Make and prepare the hearts."""
    os.nice(10)  # the device is measured meanwhile
    unlabelled = cohort(folder, effort.hearts)
    make(unlabelled, workers)
    return unlabelled


def options(effort: Effort, folder: Path, epochs: int, validated: float = 1.0) -> tuple[str, ...]:
    """Return what the command line says beyond the config of the evidence; validation comes once, at the end."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    callbacks = [
        {"class_path": "cmr_ssl.callbacks.LastCheckpoint", "init_args": {"every_n_epochs": 20}},
        {"class_path": "cmr_ssl.callbacks.FiniteLoss"},
        effort.compiled,
        {"class_path": "benchmarks.gpu.pretraining.Epochs", "init_args": {"file": str(times(folder))}},
    ]
    readers = max(effort.readers[-1] // len(effort.seeds), 1)
    told = {
        "data.batch_size": effort.batch,
        "data.workers": readers,
        "data.fractions": list(FRACTIONS),
        "trainer.max_epochs": epochs,
        "trainer.check_val_every_n_epoch": epochs,
        "trainer.limit_val_batches": validated,
        "trainer.callbacks": json.dumps(callbacks),
        "trainer.log_every_n_steps": 50,
        "trainer.enable_progress_bar": False,
    }
    return (*effort.pretraining, *(f"--{name}={value}" for name, value in told.items()))


def times(folder: Path) -> Path:
    """Return where a run's times are written down."""
    return folder.with_name(f"{folder.name}-epochs.json")


def trial(folder: Path, effort: Effort, seed: int) -> float:
    """Pretrain a few epochs, compiled as the real one will be; return the seconds of one after the first two."""
    place = folder / f"trial-{seed}"
    pretrain(
        Pretraining(place, options(effort, place, TRIAL_EPOCHS, validated=0.0), seed), cohort(folder, effort.hearts)
    )
    ends: list[float] = json.loads(times(place).read_text())
    return (ends[-1] - ends[1]) / (len(ends) - 2)


def longest(folder: Path, effort: Effort, seconds: float) -> Longest:
    """Pretrain all seeds side by side, for as many epochs as fit into `seconds`."""
    start, unlabelled = time.perf_counter(), cohort(folder, effort.hearts)
    with ProcessPoolExecutor(len(effort.seeds), mp_context=get_context("spawn")) as pool:
        epoch = max(pool.map(trial, *zip(*((folder, effort, seed) for seed in effort.seeds), strict=True)))
        left = seconds - (time.perf_counter() - start)
        epochs = max(1, int(SHARE * left / epoch))
        places = {seed: folder / f"pretraining-{seed}" for seed in effort.seeds}
        runs = [Pretraining(place, options(effort, place, epochs), seed) for seed, place in places.items()]
        for done in [pool.submit(pretrain, run, unlabelled) for run in runs]:
            done.result()
    return Longest(len(runs), epochs, effort.hearts, epoch, time.perf_counter() - start)


def weights_only(folder: Path, effort: Effort, out: Path) -> None:
    """Write the checkpoints without the state of the optimiser, which is two thirds of them."""
    for seed in effort.seeds:
        source = Pretraining(folder / f"pretraining-{seed}", seed=seed).checkpoint
        state = torch.load(source, map_location="cpu", weights_only=True)
        for name in ("optimizer_states", "lr_schedulers", "callbacks", "loops"):
            state.pop(name, None)
        torch.save(state, out / f"pretraining-{seed}.ckpt")
