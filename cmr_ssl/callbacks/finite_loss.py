"""Stop a run whose loss is no longer finite, naming the batch or the validation."""

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
    """Check loss and gradients without synchronising with the device in every step.

    The number of the first batch with a loss or gradient that is not finite stays on the device. It is read every few
    batches and before every checkpoint, so that no checkpoint with broken weights is written.
    """

    def __init__(self, every_n_steps: int = 50) -> None:
        """Choose how often to read from the device, at least every step."""
        if every_n_steps < 1:
            raise ValueError(f"every_n_steps of FiniteLoss must be at least 1, got {every_n_steps}")
        self.every_n_steps = every_n_steps
        # number of the first batch that is not finite: loss or gradients of all processes, loss of this one
        self.first_batch = self.first_own = torch.tensor(-1)
        self.subjects: dict[int, list[str]] = {}

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Move the state to the device."""
        self.first_batch, self.first_own = self.first_batch.to(pl_module.device), self.first_own.to(pl_module.device)

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: STEP_OUTPUT, batch: Sample, batch_idx: int
    ) -> None:
        """Note whether loss and gradients of this batch are finite."""
        assert isinstance(outputs, Mapping)  # as Lightning wraps a loss
        loss, number = outputs["loss"], trainer.fit_loop.total_batch_idx
        self.subjects[number] = list(batch.subject)
        # a loss scaler lets gradients overflow on purpose, and skips them
        watched = loss if trainer.precision == "16-mixed" else loss + pl_module.gradient_norm
        self.first_own = first_not_finite(self.first_own, loss, number)
        self.first_batch = first_not_finite(self.first_batch, watched, number)
        if len(self.subjects) == self.every_n_steps:
            self.check(trainer)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Raise FloatingPointError if the loss of a validation is not finite; checkpoints are written after this."""
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
        """Read the state in all processes; raise FloatingPointError, naming batch and subjects, if not finite."""
        number = int(trainer.strategy.reduce(self.first_batch.clone(), reduce_op="max"))
        if number >= 0:
            # gradients are averaged over processes, so with several only the loss tells whose subjects these are
            is_own = trainer.world_size == 1 or int(self.first_own) == number
            subjects = ", ".join(self.subjects[number]) if is_own else "of another process"
            raise FloatingPointError(
                f"loss or gradients are not finite in batch {number} (epoch {trainer.current_epoch}, subjects "
                f"{subjects}): look at these subjects' images, lower the learning rate, or train with "
                "--trainer.precision 32-true; the last checkpoint is from before this batch"
            )
        self.subjects.clear()


def first_not_finite(earlier: Tensor, value: Tensor, number: int) -> Tensor:
    """Return the `earlier` number unless it is negative and `value` is not finite, all on the device."""
    return torch.where((earlier < 0) & ~value.isfinite(), number, earlier)
