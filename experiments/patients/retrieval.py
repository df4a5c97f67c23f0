"""How often a patient's image finds the own table among those of others, and the reverse."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import hypergeom
from torch import Tensor

Array = NDArray[np.float64]

AMONG = 100  # subjects, of whom one is the right one
DIRECTIONS = ("image to table", "table to image")


def found_among(rank: Array, most: int, among: int = AMONG) -> Array:
    """Return the probability that the own counterpart is among the first `most` of so many subjects, (N,).

    Of N - 1 others r - 1 fit better, where r is the rank among all N. Of `among` - 1 others drawn at random, the number
    of those that fit better is hypergeometric, so nothing needs to be drawn.
    """
    others = len(rank) - 1
    better = np.clip(np.rint(rank - 1), 0, others)
    return np.asarray(hypergeom.cdf(most - 1, others, better, min(among - 1, others)))


def found(scores: Tensor) -> Array:
    """Return how probably each subject's counterpart comes first among `AMONG`, by direction, (N, 2).

    Args:
        scores: how well each table (columns) fits each image (rows), (N, N).
    """
    own = scores.diagonal()
    ways = []
    for rows in (scores, scores.T):
        rank = 1 + (rows > own[:, None]).sum(dim=1)
        ways.append(found_among(rank.double().numpy(), 1))
    return np.stack(ways, axis=1)


def with_gaps(values: Tensor, share: float, seed: int) -> Tensor:
    """Return values (N, F) of which so many are unknown, drawn at random."""
    generator = torch.Generator().manual_seed(seed)
    return values.masked_fill(torch.rand(values.shape, generator=generator) < share, torch.nan)
