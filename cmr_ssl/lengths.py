"""Volumes and masses are learnt as lengths: what an image shows of them is how far walls are apart.

The cube root of a volume grows with such distances, the volume itself with their third power, which a linear head on
features of an image can only follow near the mean. A ratio, such as the ejection fraction, is learnt as it is.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from cmr_ssl.cohort.columns import unit_of

UNITS = ("ml", "ml/m2", "g", "g/m2")  # of what is a size, in small letters


def are_sizes(names: Sequence[str]) -> Tensor:
    """Return which columns of a table hold volumes or masses, by the unit in their names, (K,) bool."""
    return torch.tensor([unit_of(name).lower().replace("²", "2") in UNITS for name in names], dtype=torch.bool)


def as_lengths(values: Tensor, sizes: Tensor) -> Tensor:
    """Return values (N, K) with the cube root of those that are sizes (K,), which keeps their sign."""
    return torch.where(sizes, values.sign() * values.abs().pow(1 / 3), values)


def as_values(lengths: Tensor, sizes: Tensor) -> Tensor:
    """Return what `as_lengths` was given."""
    return torch.where(sizes, lengths * lengths * lengths, lengths)
