"""Checkpoints and subjects as asking for planes needs them."""

from dataclasses import dataclass
from pathlib import Path

import torch

from cmr_ssl.data.sources import NiftiFolder
from cmr_ssl.predicting import Prepared, read_subject
from cmr_ssl.tasks.pretraining import PretrainingTask
from cmr_ssl.tasks.trained import Trained, load_task


def load_pretraining(checkpoint: Path, device: torch.device) -> tuple[PretrainingTask, Trained]:
    """Load a pretraining task onto `device`.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is of another kind of task.
    """
    trained = load_task(checkpoint)
    if not isinstance(trained.task, PretrainingTask):
        kind = type(trained.task).__name__
        raise ValueError(
            f"{checkpoint} is of a {kind}, which has no decoder to ask: name a checkpoint of a pretraining"
        )
    return trained.task.to(device), trained


@dataclass(frozen=True)
class Hearts:
    """The subjects of a folder, read as a checkpoint expects them; see `runner.run.Readable`."""

    folder: NiftiFolder
    trained: Trained
    device: torch.device

    def fingerprint(self, subject: str) -> str:
        """Return the fingerprint of a subject's files."""
        return self.folder.fingerprint(subject)

    def read(self, subject: str) -> Prepared:
        """Read and prepare a subject, with room for all of its planes."""
        return read_subject(self.folder, subject, self.trained, self.device)
