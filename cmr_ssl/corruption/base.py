"""Corruption: planes as they come from real scanners, flawed in known ways. Sample, then apply.

The flaw is real: pixels change and the stated affine does not. All randomness comes in as uniform numbers drawn on the
host, which also decide there which planes are flawed, so that only those are computed and nobody waits for the device.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from cmr_ssl.device_resampling import resample
from cmr_ssl.devices import sent, without_autocast
from cmr_ssl.sample import Sample

DRAWS = 4  # uniform numbers a plane: whether it is flawed, and three that say how


class Hits(NamedTuple):
    """Flawed planes of a batch: their subjects (n,), their planes (n,), and three uniform numbers each, (n, 3)."""

    subject: Tensor
    plane: Tensor
    draws: Tensor

    def of(self, field: Tensor) -> Tensor:
        """Pick the flawed planes from a field (B, P, ...); (n, ...)."""
        return field[self.subject, self.plane]


class Corruption(ABC):
    """One thing that goes wrong with planes."""

    def __init__(self, rate: float = 0.05) -> None:
        """Set how often.

        Args:
            rate: probability that a plane has this flaw.

        Raises:
            ValueError: if it is outside 0 to 1.
        """
        if not 0 <= rate <= 1:
            raise ValueError(f"{type(self).__name__} needs a rate between 0 and 1, got {rate}")
        self.rate = rate

    @abstractmethod
    def flawed(self, batch: Sample, hits: Hits) -> Tensor:
        """Return how the planes that are hit look, (n, T, H, W), intensities 0 to 1."""

    def possible(self, batch: Sample) -> Tensor:
        """Tell which planes can have this flaw, (B, P); others stay as they are when they are hit."""
        return batch.present

    def hits(self, batch: Sample, draws: Tensor) -> Hits:
        """Return the planes that become flawed: those whose first draw is below the rate.

        Args:
            batch: images as intensities 0 to 1.
            draws: uniform numbers in [0, 1) on the host, (B, P, DRAWS).
        """
        subject, plane = (draws[..., 0] < self.rate).nonzero(as_tuple=True)
        chosen = (subject, plane, draws[subject, plane, 1:])
        return Hits(*(sent(part, batch.images.device) for part in chosen))


def corrupt(corruptions: Sequence[Corruption], batch: Sample, draws: Tensor) -> Tensor:
    """Return the images of a batch with flaws, (B, P, T, H, W); the batch itself stays clean.

    Args:
        corruptions: one after the other, so that a plane can have several flaws.
        batch: images as intensities 0 to 1.
        draws: uniform numbers in [0, 1) on the host, (B, corruptions, P, DRAWS).
    """
    batch = batch._replace(images=batch.images.clone())
    for index, corruption in enumerate(corruptions):
        hits = corruption.hits(batch, draws[:, index])
        if len(hits.plane):
            with without_autocast(batch.images.device):  # bfloat16 is too coarse for geometry
                batch.images[hits.subject, hits.plane] = corruption.flawed(batch, hits)
    return batch.images


def with_flaws(corruptions: Sequence[Corruption], batch: Sample, seeds: Sequence[int]) -> Sample:
    """Return a batch with flaws, those of each study drawn from its seed; intensities are 0 to 1."""
    draws = draw_flaws(len(corruptions), batch.images.shape[1], seeds)
    return batch._replace(images=corrupt(corruptions, batch, draws)) if corruptions else batch


def draw_flaws(corruptions: int, planes: int, seeds: Sequence[int]) -> Tensor:
    """Draw the numbers of one batch on the host, (B, corruptions, P, DRAWS); sample b depends on its own seed only."""
    generator = torch.Generator()
    shape = (corruptions, planes, DRAWS)
    return torch.stack([torch.rand(shape, generator=generator.manual_seed(seed)) for seed in seeds])


def between(draw: Tensor, least: float, most: float) -> Tensor:
    """Stretch uniform numbers in [0, 1) to a range."""
    return least + (most - least) * draw


def check_range(least: float, most: float, largest: float, what: str) -> None:
    """Raise ValueError unless 0 <= least <= most <= largest."""
    if not 0 <= least <= most <= largest:
        raise ValueError(f"{what} must lie within 0 to {largest:g}, the least first, got {least} to {most}")


def shift(planes: Tensor, pixels: Tensor, outside: Literal["zeros", "border"] = "border") -> Tensor:
    """Move what planes (n, T, H, W) show by so many (columns, rows), (n, 2); `outside` is that of `resample`."""
    move = torch.eye(3, device=planes.device).repeat(len(planes), 1, 1)
    move[:, :2, 2] = -pixels
    return resample(planes[None], move[None], outside)[0]


def pixels_of(millimetres: Tensor, affine: Tensor) -> Tensor:
    """Turn lengths along columns and rows (n, 2) into pixels of planes with `affine` (n, 4, 4)."""
    return millimetres / affine[:, :3, :2].norm(dim=1)


def direction(draw: Tensor) -> Tensor:
    """Turn uniform numbers (n,) into unit vectors (n, 2)."""
    angle = 2 * torch.pi * draw
    return torch.stack([angle.cos(), angle.sin()], dim=-1)
