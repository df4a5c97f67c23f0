"""Stop a run whose loss is no longer a number, and say which batch did it, or that validation did."""

from collections.abc import Mapping
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn
from lightning.pytorch.utilities.types import STEP_OUTPUT
from torch import Tensor

from cmr_ssl.sample import Sample

VALIDATED = "val/loss"


class FiniteLoss(Callback):
    """Watch loss and gradients without waiting for the device in any step.

    The first batch with a loss or gradient that is not finite is remembered on the device, and asked for every few
    batches and before every checkpoint, so that no checkpoint with broken weights is ever written.
    """

    def __init__(self, every_n_steps: int = 50) -> None:
        """Choose how often to ask the device.

        Raises:
            ValueError: if `every_n_steps` is below 1.
        """
        if every_n_steps < 1:
            raise ValueError(f"every_n_steps of FiniteLoss must be at least 1, got {every_n_steps}")
        self.every_n_steps = every_n_steps
        self.broken = self.own = torch.tensor(-1)  # first batch with a broken loss or gradient; with a broken loss
        self.subjects: dict[int, list[str]] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Watch on the device."""
        self.broken, self.own = self.broken.to(pl_module.device), self.own.to(pl_module.device)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: STEP_OUTPUT, batch: Sample, batch_idx: int
    ) -> None:
        """Note whether this batch broke."""
        assert isinstance(outputs, Mapping)  # what Lightning makes of a loss
        loss, number = outputs["loss"], trainer.fit_loop.total_batch_idx
        self.subjects[number] = list(batch.subject)
        # a loss scaler lets gradients overflow on purpose, and skips them
        watched = loss if trainer.precision == "16-mixed" else loss + pl_module.gradient_norm
        self.own = first_broken(self.own, loss, number)
        self.broken = first_broken(self.broken, watched, number)
        if len(self.subjects) == self.every_n_steps:
            self.check(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Refuse to go on from a validation whose loss is not finite; checkpoints are written after this.

        Raises:
            FloatingPointError: naming the epoch.
        """
        loss = trainer.callback_metrics.get(VALIDATED)
        if trainer.state.fn == TrainerFn.FITTING and loss is not None and not loss.isfinite():
            raise FloatingPointError(
                f"{VALIDATED} is {float(loss)} in epoch {trainer.current_epoch}, step {trainer.global_step}: look at "
                "the images and labels of the validation subjects, and whether they can be read, lower the learning "
                "rate, or train with --trainer.precision 32-true; the last checkpoint is from before this validation"
            )

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Refuse to save broken weights."""
        self.check(trainer)

    def check(self, trainer: Trainer) -> None:
        """Ask the devices; all processes ask at the same time.

        Raises:
            FloatingPointError: naming batch, epoch and subjects.
        """
        number = int(trainer.strategy.reduce(self.broken.clone(), reduce_op="max"))
        if number >= 0:
            # gradients are averaged over processes, so with several only a broken loss tells whose subjects they were
            mine = trainer.world_size == 1 or int(self.own) == number
            subjects = ", ".join(self.subjects[number]) if mine else "of another process"
            raise FloatingPointError(
                f"loss or gradients are not finite in batch {number} (epoch {trainer.current_epoch}, subjects "
                f"{subjects}): look at these subjects' images, lower the learning rate, or train with "
                "--trainer.precision 32-true; the last checkpoint is from before this batch"
            )
        self.subjects.clear()


def first_broken(before: Tensor, value: Tensor, number: int) -> Tensor:
    """Return `number` if `value` is not finite and nothing broke `before`, all on the device."""
    return torch.where((before < 0) & ~value.isfinite(), number, before)
