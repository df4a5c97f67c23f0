"""Our training, as a config describes it and `fit` runs it, on studies of random pixels."""

import logging
import warnings
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.cli import LightningCLI
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.speed.random_studies import FRAMES, SIZE, random_subjects, slots
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.devices import device_of, has_bfloat16
from cmr_ssl.lightning_commands import build as described
from cmr_ssl.sample import Sample, to_device
from experiments.machine import now

CONFIG = Path(__file__).parents[2] / "configs" / "pretraining.yaml"
ENCODERS = CONFIG.parent / "encoders"
STEPS = 1000  # of an epoch; nobody waits for its end


class RandomStudies(CineDataModule):
    """The data module of the config, but with one batch of random pixels again and again instead of a cache."""

    frames = FRAMES

    def setup(self, stage: str) -> None:
        """Say what the samples are like; there is nothing to open."""
        self.shape = (sum(self.views.values()), self.frames, SIZE, SIZE)
        self.least_planes = self.shape[0]
        targets = getattr(self.trainer.lightning_module, "targets", []) if self.trainer else []
        names = list("abcdefgh")
        values = random_subjects(1, len(names), targets=len(targets)).phenotypes.numpy()
        self.phenotypes = pd.DataFrame(values, names, targets)
        self.subjects, self.needed = {"train": names}, ("train",)

    def train_dataloader(self) -> DataLoader[Sample]:  # type: ignore[override]
        """Return the batches of an epoch, all the same."""
        batch = random_subjects(self.shape[0], self.batch_size, self.frames, self.phenotypes.shape[1], self.labels)
        if torch.cuda.is_available():  # as a loader would hand it over, but once
            batch = Sample._make(field.pin_memory() if isinstance(field, Tensor) else field for field in batch)
        return DataLoader([batch] * STEPS, batch_size=None)  # type: ignore[arg-type]


class Clock(Callback):
    """Note when some training steps ended, and stop after the last of these; the device is waited for only then."""

    def __init__(self, steps: Collection[int]) -> None:
        """Note the end of `steps`, counted from 1."""
        self.steps = steps
        self.done = 0
        self.ends: list[float] = []

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:  # noqa: ANN401
        """Count, and note the time where it is due."""
        self.done += 1
        if self.done in self.steps:
            self.ends.append(now(pl_module.device))
        trainer.should_stop = self.done >= max(self.steps)


def hush() -> None:
    """Keep Lightning from giving advice in this process."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning")


def build(
    planes: int, batch: int, config: Path = CONFIG, data: str = f"{__name__}.RandomStudies", more: Sequence[str] = ()
) -> LightningCLI:
    """Return task, data module and trainer as the command line builds them, without pictures, logs and checkpoints.

    Args:
        planes: of a study.
        batch: studies a step.
        config: of the task.
        data: path of the class of the data module.
        more: arguments of the command line.
    """
    hush()
    options = {
        "data": data,
        "data.cache": "nothing is read",
        "data.views": slots(planes),
        "data.batch_size": batch,
        "trainer.precision": "bf16-mixed" if has_bfloat16(device_of("auto")) else "32-true",
        "trainer.callbacks": [],
        "trainer.logger": False,
        "trainer.enable_checkpointing": False,
        "trainer.enable_progress_bar": False,
        "trainer.enable_model_summary": False,
        "trainer.limit_val_batches": 0,
    }
    return described([f"--config={config}", *(f"--{name}={value}" for name, value in options.items()), *more])


def step_ends(make: Callable[[int, int], LightningCLI], planes: int, batch: int, steps: int) -> list[float]:
    """Train what is made for so many planes and studies a step, and return when each step ended, in seconds."""
    return ends(make(planes, batch), steps)


def ends(run: LightningCLI, steps: int) -> list[float]:
    """Train for some steps and return when each ended, in seconds."""
    return ends_of(run, range(1, steps + 1))


def ends_of(run: LightningCLI, steps: Collection[int]) -> list[float]:
    """Train until the last of some steps and return when each of these ended, in seconds."""
    clock = Clock(steps)
    run.trainer.callbacks.append(clock)  # type: ignore[attr-defined]
    run.trainer.fit(run.model, run.datamodule)
    return clock.ends


def step_flops(run: LightningCLI) -> float:
    """Return the operations of one training step for one subject, forward and backward; nothing is computed."""
    task: Any = run.model.to("meta")
    task.log, task.trainer = lambda *_, **__: None, run.trainer
    data = run.datamodule
    batch = random_subjects(sum(data.views.values()), data.batch_size, data.frames, targets=8, labels=data.labels)
    batch = batch._replace(phenotypes=batch.phenotypes[:, : len(getattr(task, "targets", []))])
    batch = data.scaled(to_device(batch, torch.device("meta")))
    # the plain kernel is made of matrix products, which the counter knows on every device
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH), torch.no_grad():
        task.training_step(batch, 0)
    return 3.0 * counter.get_total_flops() / data.batch_size  # each product of the forward pass has two in the backward
