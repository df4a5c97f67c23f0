"""Our training, as a config describes it and `fit` runs it, on studies of random pixels."""

import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.machine import now
from benchmarks.subjects import FRAMES, SIZE, random_subjects, slots
from lightning import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.cli import LightningCLI
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.data import DataLoader
from torch.utils.flop_counter import FlopCounterMode

from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.devices import device_of, has_bfloat16
from cmr_ssl.sample import Sample, to_device

CONFIG = Path(__file__).parents[1] / "configs" / "pretraining.yaml"
STEPS = 1000  # of an epoch; nobody waits for its end


class RandomStudies(CineDataModule):
    """The data module of the config, but with one batch of random pixels again and again instead of a cache."""

    frames, targets = FRAMES, 0

    def setup(self, stage: str) -> None:
        """Say what the samples are like; there is nothing to open."""
        self.shape = (sum(self.views.values()), self.frames, SIZE, SIZE)
        self.least_planes = self.shape[0]

    def use_targets(self, targets: list[str]) -> NDArray[np.float32]:
        """Put random values into the samples, and return some."""
        self.targets = len(targets)
        return random_subjects(1, 8, targets=self.targets).phenotypes.numpy()

    def train_dataloader(self) -> DataLoader[Sample]:  # type: ignore[override]
        """Return the batches of an epoch, all the same."""
        batch = random_subjects(self.shape[0], self.batch_size, self.frames, self.targets, self.labels)
        if torch.cuda.is_available():  # as a loader would hand it over, but once
            batch = Sample._make(field.pin_memory() if isinstance(field, Tensor) else field for field in batch)
        return DataLoader([batch] * STEPS, batch_size=None)  # type: ignore[arg-type]


class Clock(Callback):
    """Note when each training step ended, and stop after some."""

    def __init__(self, steps: int) -> None:
        """Stop after `steps`."""
        self.steps = steps
        self.ends: list[float] = []

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:  # noqa: ANN401
        """Note the time when the device is done."""
        self.ends.append(now(pl_module.device))
        trainer.should_stop = len(self.ends) >= self.steps


def hush() -> None:
    """Keep Lightning from giving advice in this process."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module="lightning")


def build(
    planes: int, batch: int, config: Path = CONFIG, data: str = "RandomStudies", more: Sequence[str] = ()
) -> LightningCLI:
    """Return task, data module and trainer as the command line builds them, without pictures, logs and checkpoints.

    Args:
        planes: of a study.
        batch: studies a step.
        config: of the task.
        data: name of a class of this module.
        more: arguments of the command line.
    """
    hush()
    options = {
        "data": f"benchmarks.training.{data}",
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
    return LightningCLI(
        LightningModule,
        LightningDataModule,
        subclass_mode_model=True,
        subclass_mode_data=True,
        auto_configure_optimizers=False,
        save_config_callback=None,
        run=False,
        args=[f"--config={config}", *(f"--{name}={value}" for name, value in options.items()), *more],
    )


def step_ends(planes: int, batch: int, steps: int) -> list[float]:
    """Pretrain for some steps and return when each ended, in seconds."""
    return ends(build(planes, batch), steps)


def ends(run: LightningCLI, steps: int) -> list[float]:
    """Train for some steps and return when each ended, in seconds."""
    clock = Clock(steps)
    run.trainer.callbacks.append(clock)  # type: ignore[attr-defined]
    run.trainer.fit(run.model, run.datamodule)
    return clock.ends


def training_flops(planes: int) -> float:
    """Return the operations of one training step of the config for one subject; nothing is computed."""
    return step_flops(build(planes, 1))


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
