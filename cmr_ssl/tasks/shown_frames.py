"""What the image branch looks at in pretraining: a few planes of each study, one frame of each."""

from typing import NamedTuple

import torch
from torch import Tensor

from cmr_ssl.models.beat import BeatFromFrame, drawn
from cmr_ssl.models.tokens import take
from cmr_ssl.sample import Sample


class ShownFrames(NamedTuple):
    """What the image branch looks at: cines (N, T, H, W), a frame of each (N,), affines (N, 4, 4), which exist (N,)."""

    cines: Tensor
    frames: Tensor
    affine: Tensor
    exist: Tensor


def shown_frames(beat: BeatFromFrame, batch: Sample, seeds: list[int]) -> ShownFrames:
    """Choose planes of each study, present ones first, and a frame of each plane."""
    planes, count = batch.images.shape[1:3]
    generator = torch.Generator()
    noise = torch.stack([torch.rand(2, planes, generator=generator.manual_seed(seed)) for seed in seeds])
    noise = noise.to(batch.images.device, non_blocking=True)
    chosen = drawn(batch.present, noise[:, 0], beat.planes)
    cines, affine, exist = (take(part, chosen).flatten(0, 1) for part in (batch.images, batch.affine, batch.present))
    return ShownFrames(cines, (noise[:, 1].gather(1, chosen) * count).long().flatten(), affine, exist)


def near_the_heart(shown: ShownFrames, heart_mm: float | None) -> Tensor:
    """Return how much each pixel counts, (N, H, W): exp(-r^2 / (2 heart_mm^2)), r from the heart; None for 1."""
    if heart_mm is None:
        return torch.ones_like(shown.cines[:, 0])
    rows, columns = (torch.arange(size, device=shown.cines.device) for size in shown.cines.shape[-2:])
    across, down, origin = (shown.affine[:, :3, axis, None, None] for axis in (0, 1, 3))
    place = across * columns + down * rows[:, None] + origin  # (N, 3, H, W)
    return torch.exp(-place.square().sum(dim=1) / (2 * heart_mm**2))


def beat_squares(beat: BeatFromFrame, shown: ShownFrames, heart_mm: float | None) -> tuple[Tensor, Tensor]:
    """Return the squared errors of the harmonics and their squares, weighted by the heart, of cines that exist."""
    true = beat.truth(shown.cines, shown.frames)
    errors, near = beat(shown.cines, shown.frames).float() - true, near_the_heart(shown, heart_mm)[:, None]
    return (errors.square() * near)[shown.exist], (true.square() * near)[shown.exist]
