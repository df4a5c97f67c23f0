"""Training throughput in subjects a second, without synchronising with the device."""

import time

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.utilities.types import STEP_OUTPUT

from cmr_ssl.sample import Sample


class Throughput(Callback):
    """Log ``train/subjects_per_second`` of all devices together, averaged between two logged steps.

    Lightning's own monitor synchronises with the device in every step; the average over many steps does not need that.
    Validation does not count.
    """

    def __init__(self) -> None:
        """Start counting with the first batch."""
        self.subjects = 0
        self.since = 0.0
        self.step = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock; no epoch starts where a run goes on in the middle of one."""
        self.step = trainer.global_step
        self.restart()

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restart the clock."""
        self.restart()

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Restart the clock."""
        self.restart()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: STEP_OUTPUT, batch: Sample, batch_idx: int
    ) -> None:
        """Count, and log every ``log_every_n_steps``; several batches may make one step."""
        self.subjects += len(batch.subject) * trainer.world_size
        stepped, self.step = trainer.global_step > self.step, trainer.global_step
        if stepped and trainer.global_step % trainer.log_every_n_steps == 0:  # type: ignore[attr-defined]
            rate = self.subjects / max(time.perf_counter() - self.since, 1e-9)
            pl_module.log("train/subjects_per_second", rate, rank_zero_only=True, batch_size=len(batch.subject))
            self.restart()

    def restart(self) -> None:
        """Count from now on."""
        self.subjects, self.since = 0, time.perf_counter()
