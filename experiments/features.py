"""Features of studies on disk: an encoder sees each study once, so that label draws cost seconds."""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cmr_ssl.checkpoints import build_encoder, encoder_description, read_checkpoint
from cmr_ssl.files import write_atomically
from cmr_ssl.models import Encoder


def untrained(checkpoint: Path, seed: int) -> Encoder:
    """Return an encoder as a checkpoint describes it, with weights as they were drawn."""
    torch.manual_seed(seed)
    return build_encoder(encoder_description(read_checkpoint(checkpoint), checkpoint), checkpoint).eval()


def save(path: Path, rows: NDArray[np.floating]) -> None:
    """Write features (N, F), whole or not at all."""
    write_atomically(path, lambda stream: np.save(stream, rows))


def load(path: Path) -> Tensor:
    """Return features (N, F)."""
    return torch.from_numpy(np.load(path))
