"""Faults put into prepared hearts, one study at a time, in memory.

A slice is shifted in its plane by 6 mm (its affine stays), a plane is rolled by a quarter of the beat, or two long-axis
views change places.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from scipy.ndimage import shift
from torch import Tensor

from cmr_ssl.inspection.plane_examination import DELAY, SHIFT, VIEW
from cmr_ssl.planes import SHORT_AXIS, VIEWS
from cmr_ssl.sample import Sample

SHIFT_MM, LATE = 6.0, 0.25
Draw = np.random.Generator


class Faulty(NamedTuple):
    """A study with a fault, and the planes that have it."""

    heart: Sample
    planes: list[int]


class Fault(NamedTuple):
    """A kind of fault: what it does to a heart, which planes can have it, and the measure made for it."""

    put: Callable[[Sample, Draw, float], Faulty]
    views: tuple[str, ...]
    measure: str


def shifted(heart: Sample, rng: Draw, spacing_mm: float) -> Faulty:
    """Shift a slice in its plane, in any direction; its affine does not move."""
    plane = int(rng.choice(planes_of(heart, short_axis=True)))
    angle = rng.uniform(0, 2 * np.pi)
    pixels = SHIFT_MM / spacing_mm * np.array([0.0, np.sin(angle), np.cos(angle)])
    moved = shift(heart.images[0, plane].cpu().numpy(), pixels, order=3, mode="nearest").clip(0, 1)
    return Faulty(with_planes(heart, {plane: torch.tensor(moved)}), [plane])


def rolled(heart: Sample, rng: Draw, spacing_mm: float) -> Faulty:
    """Let a plane beat late, as one does that was triggered wrongly."""
    plane = int(rng.choice(planes_of(heart, short_axis=True) + planes_of(heart, short_axis=False)))
    frames = round(LATE * heart.images.shape[2])
    return Faulty(with_planes(heart, {plane: heart.images[0, plane].roll(frames, 0)}), [plane])


def swapped(heart: Sample, rng: Draw, spacing_mm: float) -> Faulty:
    """Let two long-axis views change places; none where there are not two."""
    views = planes_of(heart, short_axis=False)
    if len(views) < 2:
        return Faulty(heart, [])
    one, other = (int(plane) for plane in rng.choice(views, 2, replace=False))
    return Faulty(with_planes(heart, {one: heart.images[0, other], other: heart.images[0, one]}), [one, other])


FAULTS = {
    "slice shifted by 6 mm": Fault(shifted, (SHORT_AXIS,), SHIFT),
    "plane a quarter of a beat late": Fault(rolled, VIEWS, DELAY),
    "two long-axis views swapped": Fault(swapped, VIEWS[1:], VIEW),
}


def planes_of(heart: Sample, short_axis: bool) -> list[int]:
    """Return the present slices, or the present long-axis planes."""
    kind = (heart.view[0] == VIEWS.index(SHORT_AXIS)) == short_axis
    return [int(index) for index in (heart.present[0] & kind).nonzero().flatten()]


def with_planes(heart: Sample, planes: dict[int, Tensor]) -> Sample:
    """Return a heart some of whose planes show something else."""
    images = heart.images.clone()
    for index, cine in planes.items():
        images[0, index] = cine.to(images)
    return heart._replace(images=images)
