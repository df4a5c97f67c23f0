"""Load the checkpoint of a pretraining with its decoder."""

from pathlib import Path

import torch

from cmr_ssl.tasks.pretraining import PretrainingTask
from cmr_ssl.tasks.trained import Trained, load_task


def load_pretraining(checkpoint: Path, device: torch.device) -> tuple[PretrainingTask, Trained]:
    """Load a pretraining task onto `device`; raise FileNotFoundError or ValueError if there is none at `checkpoint`."""
    trained = load_task(checkpoint)
    if not isinstance(trained.task, PretrainingTask):
        kind = type(trained.task).__name__
        raise ValueError(
            f"{checkpoint} is of a {kind}, which has no decoder to ask: name a checkpoint of a pretraining"
        )
    return trained.task.to(device), trained
