"""Checkpoints of a run: ``checkpoints/best.ckpt`` and ``checkpoints/last.ckpt`` in the run folder.

The run folder is ``trainer.default_root_dir``. Checkpoints are written atomically. They are shared, so the path of the
run folder, which Lightning's own callback would store inside, stays out of them.
"""

from pathlib import Path
from typing import Any, Literal

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, ModelCheckpoint
from lightning.pytorch.utilities.exceptions import SIGTERMException
from lightning.pytorch.utilities.types import STEP_OUTPUT
from torch import Tensor

from cmr_ssl.callbacks.atomic import save_atomically
from cmr_ssl.files import remove_halves

FOLDER, BEST, LAST = "checkpoints", "best", "last"
REQUEUED = "hpc_ckpt_*.ckpt"  # written by Lightning when SLURM signals the time limit


def checkpoint_file(run_folder: str | Path, name: str) -> Path:
    """Return the path of the checkpoint `name`, best or last, of a run."""
    return Path(run_folder) / FOLDER / f"{name}.ckpt"


def resumable(run_folder: str | Path) -> list[Path]:
    """Return the checkpoints from which a run may resume, oldest first."""
    paths = [checkpoint_file(run_folder, LAST), *Path(run_folder).glob(REQUEUED)]
    return sorted((path for path in paths if path.is_file()), key=lambda path: path.stat().st_mtime_ns)


class BestCheckpoint(ModelCheckpoint):
    """Keep the checkpoint that validates best."""

    def __init__(self, monitor: str | None = None, mode: Literal["min", "max"] | None = None) -> None:
        """Choose what is best.

        Args:
            monitor: log key to judge by; None for the one that the task names.
            mode: whether less or more of it is better; None for the one of the task.
        """
        super().__init__(filename=BEST, monitor=monitor, mode=mode or "min", enable_version_counter=False)
        self.requested = monitor, mode

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Take the criterion of the task unless given; place the folder in the run folder; write atomically."""
        monitor, mode = self.requested
        self.monitor, self.mode = monitor or str(pl_module.monitor), mode or str(pl_module.mode)
        save_atomically(trainer)
        self.dirpath = str(checkpoint_file(trainer.default_root_dir, BEST).parent.absolute())
        super().setup(trainer, pl_module, stage)

    def state_dict(self) -> dict[str, Any]:
        """Return the best score, without paths."""
        return {"best_model_score": self.best_model_score}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on comparing with the best score so far."""
        score: Tensor | None = state_dict["best_model_score"]
        path = Path(str(self.dirpath)) / f"{BEST}.ckpt"
        if score is not None and path.is_file():
            self.best_model_score = self.kth_value = score
            self.best_model_path = self.kth_best_model_path = str(path)
            self.best_k_models = {str(path): score}


class LastCheckpoint(Checkpoint):
    """Keep the newest state to resume from: after epochs, on SIGTERM and, optionally, every few steps.

    Of several processes, each receives the signal at another moment, and they cannot save together: the state is then
    that of the last epoch or few steps.
    """

    def __init__(self, every_n_steps: int | None = None, every_n_epochs: int = 1) -> None:
        """Choose how often a state is written; both numbers are at least 1.

        Args:
            every_n_steps: also write within an epoch, after this many optimiser steps.
            every_n_epochs: write after this many epochs, and after the last one; above 1 where epochs take seconds.
        """
        for name, value in (("every_n_steps", every_n_steps), ("every_n_epochs", every_n_epochs)):
            if value is not None and value < 1:
                raise ValueError(f"{name} of LastCheckpoint must be at least 1, got {value}")
        self.every_n_steps, self.every_n_epochs = every_n_steps, every_n_epochs
        self.saved_step = 0

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Write atomically; remove incomplete files of a killed run."""
        save_atomically(trainer)
        if trainer.is_global_zero:
            remove_halves(checkpoint_file(trainer.default_root_dir, LAST).parent)

    def state_dict(self) -> dict[str, Any]:
        """Return at which step this state was saved."""
        return {"saved_step": self.saved_step}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Remember that this step is saved: between the batches of the next, their gradients would be lost."""
        self.saved_step = state_dict["saved_step"]

    def save(self, trainer: Trainer) -> None:
        """Write the checkpoint unless it exists for this step."""
        if trainer.global_step != self.saved_step and not trainer.sanity_checking:
            self.saved_step = trainer.global_step
            path = checkpoint_file(trainer.default_root_dir, LAST)
            trainer.save_checkpoint(path, weights_only=False)  # with the state of the training

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: STEP_OUTPUT, batch: object, batch_idx: int
    ) -> None:
        """Write within an epoch; its last step is left to the end of the epoch, after validation."""
        due = self.every_n_steps and trainer.global_step % self.every_n_steps == 0
        if (due or ending(trainer)) and not trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
            self.save(trainer)

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        """Write on SIGTERM during the validation after an epoch, which is not repeated."""
        if isinstance(exception, SIGTERMException) and trainer.validating and ending(trainer):
            self.save(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write after every few epochs and the last one, whatever ends the run."""
        epochs = trainer.current_epoch + 1
        last = epochs == trainer.max_epochs or trainer.global_step == trainer.max_steps or trainer.should_stop
        if epochs % self.every_n_epochs == 0 or last or ending(trainer):
            self.save(trainer)


def ending(trainer: Trainer) -> bool:
    """Tell whether a run of a single process received SIGTERM; Lightning ends it after this batch."""
    return trainer.world_size == 1 and trainer.received_sigterm
