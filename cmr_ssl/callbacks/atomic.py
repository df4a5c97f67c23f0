"""Write checkpoints atomically on any file system, whatever kills the run or the machine."""

from pathlib import Path
from typing import Any

import torch
from lightning import Trainer
from lightning.fabric.plugins import TorchCheckpointIO

from cmr_ssl.files import write_atomically


class AtomicCheckpoints(TorchCheckpointIO):
    """Write a checkpoint to a file beside it, wait until it is on the disk, and rename it.

    Lightning writes to the folder of temporary files; if that is on another file system, moving the file copies it over
    the old checkpoint, and a run killed meanwhile has neither.
    """

    def save_checkpoint(self, checkpoint: dict[str, Any], path: str | Path, storage_options: object = None) -> None:
        """Write `checkpoint` to the file `path`; there are no storage options."""
        write_atomically(Path(path), lambda stream: torch.save(checkpoint, stream))


def save_atomically(trainer: Trainer) -> None:
    """Make a trainer write its checkpoints atomically, unless it has a custom `checkpoint_io`."""
    if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:
        trainer.strategy.checkpoint_io = AtomicCheckpoints()
