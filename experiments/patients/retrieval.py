"""How often a patient's image finds the own table among those of others, and the reverse."""

import numpy as np
import torch
from torch import Tensor

from cmr_ssl.contrast import first_among, ranks
from cmr_ssl.tasks.table_task import AMONG
from experiments.statistics import Array

DIRECTIONS = ("image to table", "table to image")


def found(scores: Tensor) -> Array:
    """Return how probably each subject's counterpart comes first among `AMONG`, by direction, (N, 2).

    Args:
        scores: how well each table (columns) fits each image (rows), (N, N).
    """
    ways = [first_among(rank, min(AMONG, len(rank))).numpy() for rank in ranks(scores).values()]
    return np.stack(ways, axis=1)


def with_gaps(values: Tensor, share: float, seed: int) -> Tensor:
    """Return values (N, F) of which so many are unknown, drawn at random."""
    generator = torch.Generator().manual_seed(seed)
    return values.masked_fill(torch.rand(values.shape, generator=generator) < share, torch.nan)
