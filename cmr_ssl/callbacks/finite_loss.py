"""Stop a run whose loss is no longer a number, and say which batch did it."""

from collections.abc import Mapping
from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.types import STEP_OUTPUT

from cmr_ssl.data.sample import Sample


class FiniteLoss(Callback):
    """Watch the loss without waiting for the device in any step.

    The first step with a loss that is not finite is remembered on the device, and asked for every few steps and before
    every checkpoint, so that no checkpoint with broken weights is ever written.
    """

    def __init__(self, every_n_steps: int = 50) -> None:
        """Choose how often to ask the device.

        Raises:
            ValueError: if `every_n_steps` is below 1.
        """
        if every_n_steps < 1:
            raise ValueError(f"every_n_steps of FiniteLoss must be at least 1, got {every_n_steps}")
        self.every_n_steps = every_n_steps
        self.broken_step = torch.tensor(-1)
        self.subjects: dict[int, list[str]] = {}

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: STEP_OUTPUT, batch: Sample, batch_idx: int
    ) -> None:
        """Note whether this step broke."""
        assert isinstance(outputs, Mapping)  # what Lightning makes of a loss
        loss, step = outputs["loss"], trainer.global_step
        self.subjects[step] = list(batch.subject)
        before = self.broken_step.to(loss.device)
        self.broken_step = torch.where((before < 0) & ~loss.isfinite(), step, before)
        if step % self.every_n_steps == 0:
            self.check(trainer)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Refuse to save broken weights."""
        self.check(trainer)

    def check(self, trainer: Trainer) -> None:
        """Ask the device.

        Raises:
            FloatingPointError: naming step, epoch and subjects.
        """
        step = int(self.broken_step)
        if step >= 0:
            raise FloatingPointError(
                f"the loss is not finite at step {step} (epoch {trainer.current_epoch}, subjects "
                f"{', '.join(self.subjects.get(step, ['unknown']))}): look at these subjects' images, lower the "
                "learning rate, or train with --trainer.precision 32-true; the last checkpoint is from before this step"
            )
        self.subjects.clear()
