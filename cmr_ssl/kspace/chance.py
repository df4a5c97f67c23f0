"""Random numbers of planes on the device: fixed fields, which each plane enters at places of its own.

Only three uniform numbers a plane come from the host, derived from seed, epoch and subject; nobody waits for the device
and the numbers are the same on every device.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

DRAWS = 3  # uniform numbers a plane: where its noise, its sampling and its phase enter the fields
FIELD = 1 << 20  # numbers
_GENERATOR = torch.Generator().manual_seed(0)
UNIFORM = torch.rand(FIELD, generator=_GENERATOR)
NORMAL = torch.randn(FIELD, generator=_GENERATOR)


def draw_planes(planes: int, seeds: Sequence[int]) -> Tensor:
    """Draw the numbers of a batch on the host, (B, P, DRAWS) in [0, 1); sample b depends on its own seed only."""
    generator = torch.Generator()
    return torch.stack([torch.rand(planes, DRAWS, generator=generator.manual_seed(seed)) for seed in seeds])


def entered(field: Tensor, draw: Tensor, count: int) -> Tensor:
    """Return `count` numbers in a row from the place that each draw (...) in [0, 1) says, (..., count).

    Raises:
        ValueError: if the field has fewer numbers.
    """
    if count >= FIELD:
        raise ValueError(f"planes so large need {count} random numbers in a row, but there are {FIELD}")
    first = (draw.double() * (FIELD - count)).long()
    return field.to(draw.device, non_blocking=True).unfold(0, count, 1)[first]  # a view: no index of every number
