"""What all tasks share: one way to optimise, one to measure, and one to say what they make of a study."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from lightning import LightningModule
from lightning.pytorch.utilities.types import OptimizerLRScheduler
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.optim import Optimizer
from torchmetrics import MeanMetric, MetricCollection

from cmr_ssl.sample import Sample
from cmr_ssl.tasks.optimisation import Optimisation, optimiser


class TaskOutput(NamedTuple):
    """What a task says about B studies; empty where it does not say such a thing.

    Attributes:
        embeddings: vectors of each study by name, (B, D) each; the first name is the one to look at.
        values: in physical units, or probabilities, (B, K).
        labels: classes in F frames, (B, P, F, H, W) uint8; F is 0 where nothing is segmented.
    """

    embeddings: dict[str, Tensor]
    values: Tensor
    labels: Tensor


class Task(LightningModule):
    """Base of tasks.

    Attributes:
        monitor: what of the validation tells the best checkpoint.
        any_planes: whether it takes studies of any number of planes; if not, they must fill the slots of its training.
        costly: parts and methods in which a training step spends its time, by name; `callbacks.Compiled` compiles them.
        aligned: fields of a table that its encoder was aligned with, itself or where it comes from.
        means: what is measured of each subject by itself, as means over a split.
        seen: what is measured of a split together: its batches so far.
    """

    monitor: str
    any_planes = False
    costly: tuple[str, ...] = ()
    aligned: Sequence[str] = ()

    def __init__(self, optimisation: Optimisation, means: Sequence[str] = ()) -> None:
        """Note how the task is optimised, and what means are called."""
        super().__init__()
        self.optimisation = optimisation
        self.gradient_norm = torch.zeros(())
        self.means = MetricCollection({name: MeanMetric(nan_strategy="ignore") for name in means}, compute_groups=False)
        self.seen: list[tuple[Tensor, ...]] = []

    @property
    def can(self) -> tuple[str, ...]:
        """What `inference.Model` can be asked with this task, of embed, predict, segment and plane."""
        return ()

    @property
    def depth(self) -> int:
        """Number of encoder blocks, over which the learning rate may decay; 0 where there is no encoder."""
        return 0

    def outputs(self, batch: Sample, frames: Tensor | None = None) -> TaskOutput:
        """Return everything the task says about a batch.

        Args:
            batch: images as intensities 0 to 1, (B, P, T, H, W).
            frames: those to segment, (B, F); None for all.

        Raises:
            ValueError: if the task is of a kind that says nothing about a study.
        """
        raise ValueError(f"a {type(self).__name__} says nothing about a study: name a checkpoint of another task")

    def judged_frames(self, batch: Sample) -> Tensor | None:
        """Return the frames (B, F) on which its label maps are judged, always the same; None if it makes none."""
        return None

    def log_means(self, split: str, values: dict[str, Tensor]) -> None:
        """Add values of a batch, (B,) each, to the means over the split; NaN is left out."""
        for name, value in values.items():
            self.means[name].update(value)
            shown = self.monitor == f"val/{name}"
            self.log(f"{split}/{name}", self.means[name], prog_bar=shown, batch_size=len(value))

    def gather(self, values: Tensor) -> Tensor:
        """Return the values (B, ...) of all processes, (N, ...), through which gradients flow back to their process."""
        if self.trainer.world_size == 1:
            return values
        return torch.as_tensor(self.all_gather(values, sync_grads=values.requires_grad)).flatten(0, 1)

    def gathered(self) -> tuple[Tensor, ...]:
        """Return what was `seen` of all subjects of a split, (N, ...) each, from all processes, and forget it."""
        parts = tuple(self.gather(torch.cat(parts)) for parts in zip(*self.seen, strict=True))
        self.seen.clear()
        return parts

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the path of the pretrained encoder to ourselves: checkpoints are shared, paths are not."""
        stored = checkpoint["hyper_parameters"]
        checkpoint["hyper_parameters"] = {k: v for k, v in stored.items() if k != "encoder_checkpoint"}

    def on_before_optimizer_step(self, optimizer: Optimizer) -> None:
        """Clip the gradients; Lightning itself refuses to where the optimiser is fused."""
        self.gradient_norm = clip_grad_norm_(self.parameters(), self.optimisation.clip_norm)
        self.log("train/gradient_norm", self.gradient_norm)

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """Return the optimiser with warm-up and cosine over all steps of the run, at the rate for its studies a step.

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
        how = self.optimisation.for_studies(self.studies_a_step()) if self.optimisation.studies else self.optimisation
        optimizer, schedule = optimiser(self, self.depth, how, int(steps), fused)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def studies_a_step(self) -> int:
        """Return the studies of an optimiser's step: those of all devices, and of the batches that accumulate."""
        batch: int = self.trainer.datamodule.batch_size  # type: ignore[attr-defined]  # Lightning's type lacks it
        return batch * self.trainer.world_size * self.trainer.accumulate_grad_batches
