"""What all tasks share: one way to optimise."""

import math
from typing import Any

import torch
from lightning import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer

from cmr_ssl.tasks.optimisation import Optimisation, adamw


class Task(LightningModule):
    """Base of tasks."""

    def __init__(self, optimisation: Optimisation) -> None:
        """Note how the task is optimised."""
        super().__init__()
        self.optimisation = optimisation
        self.gradient_norm = torch.zeros(())

    @property
    def depth(self) -> int:
        """Number of encoder blocks, over which the learning rate may decay; 0 where there is no encoder."""
        return 0

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the path of the pretrained encoder to ourselves: checkpoints are shared, paths are not."""
        stored = checkpoint["hyper_parameters"]
        checkpoint["hyper_parameters"] = {k: v for k, v in stored.items() if k != "encoder_checkpoint"}

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Clip the gradients; Lightning itself refuses to where the optimiser is fused."""
        self.gradient_norm = clip_grad_norm_(self.parameters(), self.optimisation.clip_norm)
        self.log("train/gradient_norm", self.gradient_norm)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Return AdamW with warm-up and cosine over all steps of the run.

        Raises:
            ValueError: if nobody knows how many there are.
        """
        steps = self.trainer.estimated_stepping_batches
        if math.isinf(steps):
            raise ValueError(
                "the rate falls over all steps of a run, so their number must be known: set --trainer.max_epochs or "
                "--trainer.max_steps; --trainer.max_time may end the run before"
            )
        fused = self.trainer.precision != "16-mixed"  # whose gradients must be unscaled before they are clipped
        optimizer, schedule = adamw(self, self.depth, self.optimisation, int(steps), fused)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}
