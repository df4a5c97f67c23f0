"""Checkpoints are there wholly or not at all, whatever kills the run or the machine, on any file system."""

from pathlib import Path
from typing import Any

import torch
from lightning import Trainer
from lightning.fabric.plugins import TorchCheckpointIO

from cmr_ssl.files import write_atomically


class AtomicCheckpoints(TorchCheckpointIO):
    """Writes a checkpoint beside its place, waits until it is on the disk, and renames it.

    Lightning writes into the folder for temporary files; where that is on another file system, moving the file copies
    it over the old checkpoint, and a run killed meanwhile has neither.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: object = None) -> None:
        """Write `checkpoint` to the file `path`; there are no storage options."""
        write_atomically(Path(path), lambda stream: torch.save(checkpoint, stream))


def save_wholly(trainer: Trainer) -> None:
    """Let a trainer write all its checkpoints so, unless somebody chose how it writes them."""
    if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:
        trainer.strategy.checkpoint_io = AtomicCheckpoints()
