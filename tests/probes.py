"""Callbacks that break a run, or note what it does; named on the command line of test runs."""

import os
import signal
from pathlib import Path

import torch
from lightning import Callback
from lightning.pytorch.callbacks import LambdaCallback


class Killer(Callback):
    """Kill the process before the step after `step` steps, as a power cut would."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_start(self, trainer, *_) -> None:
        if trainer.global_step == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


class Terminator(Callback):
    """Tell the process to end in the batch after `step` steps, or in the first batch of validation after them."""

    def __init__(self, step: int, validation: bool = False) -> None:
        self.step, self.validation = step, validation

    def on_train_batch_start(self, trainer, *_) -> None:
        self.strike(trainer, False)

    def on_validation_batch_start(self, trainer, *_) -> None:
        self.strike(trainer, True)

    def strike(self, trainer, validation) -> None:
        if (trainer.global_step, validation) == (self.step, self.validation):
            self.step = -1
            os.kill(os.getpid(), signal.SIGTERM)


class Poison(Callback):
    """Spoil the positions of the batch after `step` steps in process `rank`, so that its loss is NaN.

    Its subjects are noted beside the run folder, in the file ``poisoned``.
    """

    def __init__(self, step: int, rank: int = 0) -> None:
        self.step, self.rank = step, rank

    def on_train_batch_start(self, trainer, pl_module, batch, *_) -> None:
        if (trainer.global_step, trainer.global_rank) == (self.step, self.rank):
            Path(trainer.default_root_dir).with_name("poisoned").write_text(", ".join(batch.subject))
            batch.affine.fill_(torch.nan)


class GradientPoison(Callback):
    """Spoil the gradients of the step after `step` steps; its loss is finite."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_after_backward(self, trainer, pl_module) -> None:
        if trainer.global_step == self.step:
            pl_module.encoder.embed.weight.grad.fill_(torch.inf)


class ValidationPoison(Callback):
    """Spoil the images of every batch of validation, so that its loss is NaN."""

    def on_validation_batch_start(self, trainer, pl_module, batch, *_) -> None:
        batch.images.fill_(torch.nan)


class Recorder(Callback):
    """Save loss, subjects and gradients of the first step and the number of steps to ``FOLDER/RANK.pt``."""

    def __init__(self, folder: str) -> None:
        self.folder = Path(folder)
        self.seen: dict[str, object] = {}

    def on_before_optimizer_step(self, trainer, pl_module, optimizer) -> None:
        if trainer.global_step == 0:
            self.seen["gradients"] = {
                name: weight.grad.clone() for name, weight in pl_module.named_parameters() if weight.grad is not None
            }

    def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx) -> None:
        if trainer.global_step == 1:
            self.seen |= {"loss": outputs["loss"].detach(), "subjects": list(batch.subject)}

    def on_train_end(self, trainer, pl_module) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        metrics = {name: value for name, value in trainer.callback_metrics.items() if name.startswith("val/")}
        self.seen |= {"steps": trainer.global_step, "metrics": metrics}
        torch.save(self.seen, self.folder / f"{trainer.global_rank}.pt")


def noting(folder, hook, what):
    """Return a callback that writes what it sees of a task at a hook to ``FOLDER/RANK.pt``, in every process."""
    return LambdaCallback(
        **{hook: lambda trainer, task, *_: torch.save(what(task), folder / f"{trainer.global_rank}.pt")}
    )


def noted(folder):
    """Return what every process noted."""
    return [torch.load(path, weights_only=True) for path in sorted(folder.glob("?.pt"))]


class Eraser(Callback):
    """Make the encoder blind to pixels after `step` steps, as a pretraining that goes wrong might."""

    def __init__(self, step: int) -> None:
        self.step = step

    def on_train_batch_end(self, trainer, pl_module, *_) -> None:
        if trainer.global_step >= self.step:
            pl_module.encoder.embed.weight.data.zero_()
