"""Compile the costly parts of a training step."""

from typing import Any

import torch
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import GradientAccumulationScheduler
from torch import nn

from cmr_ssl.tasks.base import Task

TRAINING, OTHERWISE = "default", "force_eager"
REPLAYED = "reduce-overhead"  # torch's name for parts that are recorded as CUDA graphs
INDUCTOR = "inductor"


class Compiled(Callback):
    """Compile the costly parts of a task, and what is done to its pictures, with `torch.compile` when training starts.

    Shapes are static, so each part is compiled once, within a minute of the first step. Validation, whose last batch
    is smaller, is not compiled. Weights and checkpoints stay as they are.

    One GPU also records each part as a CUDA graph and replays it: a part has hundreds of kernels, and a host that
    launches them one by one is often slower than the device. Several GPUs, and batches that accumulate, do without:
    a replay writes gradients where those of the batch before lie.
    """

    def __init__(self, backend: str = INDUCTOR, replayed: bool = True) -> None:
        """Choose the compiler.

        Args:
            backend: one of `torch.compiler.list_backends`; "eager" only traces, which takes seconds and gains nothing.
            replayed: whether a GPU that trains alone replays CUDA graphs.
        """
        self.backend, self.replayed = backend, replayed
        self.replaying = False

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Mark the parts that are compiled when first called."""
        assert isinstance(pl_module, Task)
        self.replaying = self.replays(trainer, pl_module.device)
        mode = REPLAYED if self.replaying else None
        for name in pl_module.costly:
            compile_part(pl_module, name, self.backend, mode)
        augmentation = getattr(getattr(trainer, "datamodule", None), "augmentation", None)
        if augmentation is not None:
            for name in augmentation.costly:
                compile_part(augmentation, name, self.backend, mode)

    def replays(self, trainer: Trainer, device: torch.device) -> bool:
        """Tell whether CUDA graphs are recorded."""
        accumulates = any(isinstance(one, GradientAccumulationScheduler) for one in trainer.callbacks)  # type: ignore[attr-defined]
        alone = trainer.world_size == 1 and trainer.accumulate_grad_batches == 1 and not accumulates
        return self.replayed and self.backend == INDUCTOR and device.type == "cuda" and alone

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Begin the first step."""
        self.begin_step()

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:  # noqa: ANN401
        """Begin the next step."""
        self.begin_step()

    def begin_step(self) -> None:
        """Allow CUDA graphs to overwrite what they computed in the step before."""
        if self.replaying:
            torch.compiler.cudagraph_mark_step_begin()

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Run uncompiled."""
        torch.compiler.set_stance(OTHERWISE)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Run compiled."""
        torch.compiler.set_stance(TRAINING)

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Run uncompiled, also in the process of a training."""
        torch.compiler.set_stance(OTHERWISE)

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Run compiled."""
        torch.compiler.set_stance(TRAINING)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Restore the stance for the next training of this process if a validation fails."""
        torch.compiler.set_stance(TRAINING)


def compile_part(owner: object, name: str, backend: str, mode: str | None) -> None:
    """Compile a submodule or a method of `owner`."""
    part = getattr(owner, name)
    if isinstance(part, nn.Module):
        part.compile(dynamic=False, backend=backend, mode=mode)
    else:
        setattr(owner, name, torch.compile(part, dynamic=False, backend=backend, mode=mode))
