"""A progress bar with the loss, for which the device is asked now and then only."""

import time

from lightning import LightningModule, Trainer
from lightning.pytorch.callbacks import RichProgressBar

LOSS = "train/loss"
Shown = dict[str, int | str | float | dict[str, float]]  # what Lightning's bars show


class ProgressBar(RichProgressBar):
    """Rich's progress bar, with the loss of a step every few seconds.

    What a task logs for Lightning's bars, Lightning reads from the device in every step, which then waits until all is
    computed. So tasks log no loss for bars, and this one reads it by itself.
    """

    def __init__(self, refresh_rate: int = 10, every_seconds: float = 2.0) -> None:
        """Choose how often the bar is drawn, times a second, and the least time between two losses."""
        super().__init__(refresh_rate)
        self.every_seconds = every_seconds
        self.read_at = float("-inf")
        self.losses: dict[str, float] = {}

    def get_metrics(self, trainer: Trainer, pl_module: LightningModule) -> Shown:
        """Return what stands beside the bar."""
        if time.monotonic() - self.read_at >= self.every_seconds:
            shown = {name: value for name, value in trainer.callback_metrics.items() if name.startswith(LOSS)}
            self.losses = {name: float(value) for name, value in shown.items()}
            self.read_at = time.monotonic()
        return super().get_metrics(trainer, pl_module) | self.losses
