"""Compile the costly parts of a training step."""

import torch
from lightning import Callback, LightningModule, Trainer
from torch import nn

from cmr_ssl.tasks.base import Task

TRAINING, OTHERWISE = "default", "force_eager"


class Compiled(Callback):
    """Compile the costly parts of a task, and the augmentation, with `torch.compile` when training starts.

    Shapes are static, so each part is compiled once, within a minute of the first step. Validation, whose last batch
    is smaller, is not compiled. Weights and checkpoints stay as they are.
    """

    def __init__(self, backend: str = "inductor") -> None:
        """Choose the compiler.

        Args:
            backend: one of `torch.compiler.list_backends`; "eager" only traces, which takes seconds and gains nothing.
        """
        self.backend = backend

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Mark the parts that are compiled when first called."""
        assert isinstance(pl_module, Task)
        for name in pl_module.costly:
            compile_part(pl_module, name, self.backend)
        if hasattr(trainer, "datamodule"):
            compile_part(trainer.datamodule, "augmentation", self.backend)

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Run uncompiled."""
        torch.compiler.set_stance(OTHERWISE)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Run compiled."""
        torch.compiler.set_stance(TRAINING)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Restore the stance for the next training of this process if a validation fails."""
        torch.compiler.set_stance(TRAINING)


def compile_part(owner: object, name: str, backend: str) -> None:
    """Compile a submodule or a method of `owner`; a part that is None stays so."""
    part = getattr(owner, name)
    if isinstance(part, nn.Module):
        part.compile(dynamic=False, backend=backend)
    elif part is not None:
        setattr(owner, name, torch.compile(part, dynamic=False, backend=backend))
