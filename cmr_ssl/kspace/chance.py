"""Random numbers of planes on the device: fixed fields, which each plane enters at places of its own.

Only three uniform numbers a plane come from the host, derived from seed, epoch and subject; nobody waits for the device
and the numbers are the same on every device.
"""

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

DRAWS = 3  # uniform numbers a plane: where its noise, its sampling and its phase enter the fields
FIELD = 1 << 20  # numbers


@cache
def uniform(device: torch.device) -> Tensor:
    """Return the field of uniform numbers in [0, 1), (FIELD,), made once and kept on each device."""
    with torch.inference_mode(False):  # whoever asks first
        return torch.rand(FIELD, generator=torch.Generator().manual_seed(0)).to(device, non_blocking=True)


@cache
def normal(device: torch.device) -> Tensor:
    """Return the field of normal numbers, (FIELD,), made once and kept on each device."""
    with torch.inference_mode(False):
        return torch.randn(FIELD, generator=torch.Generator().manual_seed(1)).to(device, non_blocking=True)


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
    return field.unfold(0, count, 1)[first]  # a view: no index of every number
