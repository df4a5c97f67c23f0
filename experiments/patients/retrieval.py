"""How often a patient's image finds the own table among those of others, and the reverse."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import hypergeom
from torch import Tensor

from cmr_ssl.contrast import Pairs, ranks

AMONG = 100  # subjects, of whom one is the right one
Array = NDArray[np.float64]


def found_among(rank: Array, most: int, among: int = AMONG) -> Array:
    """Return the probability that the own counterpart is among the first `most` of so many subjects, (N,).

    Of N - 1 others r - 1 are more alike, where r is the rank among all N. Of `among` - 1 others drawn at random, the
    number of those that are more alike is hypergeometric, so nothing needs to be drawn.
    """
    others = len(rank) - 1
    more_alike = np.clip(np.rint(rank - 1), 0, others)
    return np.asarray(hypergeom.cdf(most - 1, others, more_alike, min(among - 1, others)))


def found(images: Tensor, tables: Tensor) -> dict[str, Array]:
    """Return by direction how probably each of N subjects comes first among `AMONG`, (N,), of unit vectors (N, D)."""
    everybody = torch.ones(len(images), dtype=torch.bool)
    directions = ranks(Pairs(images, tables, everybody)).items()
    return {way.replace("_", " "): found_among(rank.double().numpy(), 1) for way, rank in directions}
