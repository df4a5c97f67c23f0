"""Estimates of a missing plane without any model: the nearest plane copied, or the stack interpolated.

Planes are those of one subject; affines map pixel (column, row, 0, 1) to mm in the heart frame, whose z is the long
axis of the heart.
"""

from math import inf
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from cmr_ssl.planes import SHORT_AXIS, VIEWS


class ReferencePlanes(NamedTuple):
    """Some planes of one subject: images (P, T, H, W), affines (P, 4, 4), and which are short axis, (P,) bool."""

    images: Tensor
    affine: Tensor
    short_axis: Tensor

    def select(self, chosen: Tensor) -> "ReferencePlanes":
        """Return the `chosen` planes, (P,) bool or indices."""
        return ReferencePlanes(*(field[chosen] for field in self))


def is_short_axis_view(view: Tensor) -> Tensor:
    """Tell which views are the short axis."""
    return view == VIEWS.index(SHORT_AXIS)


def nearest(others: ReferencePlanes, affine: Tensor, short_axis: bool) -> Tensor:
    """Copy the nearest plane of the same kind: the next slice, or the next view turned about the long axis.

    Args:
        others: the acquired planes.
        affine: of the missing plane, (4, 4).
        short_axis: whether that is a slice.

    Returns:
        The missing plane on its own pixels, (T, H, W); NaN where there is no other of its kind.
    """
    alike = others.select(others.short_axis == short_axis)
    height, width = others.images.shape[-2:]
    if len(alike.images) == 0:
        return others.images.new_full(others.images.shape[1:], torch.nan)
    points = pixel_points(affine, height, width)
    if short_axis:
        distance = (heights(alike.affine, height, width) - heights(affine[None], height, width)).abs()
        return resample_plane(alike.select(distance.argmin()), points)
    direction, cosine = crossing_direction(affine), crossing_direction(alike.affine) @ crossing_direction(affine)
    chosen = cosine.abs().argmax()
    turned = crossing_direction(alike.affine[chosen]) * torch.where(cosine[chosen] < 0, -1.0, 1.0)
    along = points @ direction  # (H, W), mm from the long axis within the missing plane
    return resample_plane(alike.select(chosen), torch.cat([along[..., None] * turned[:2], points[..., 2:]], dim=-1))


def interpolated(others: ReferencePlanes, affine: Tensor) -> Tensor:
    """Cut a plane of any view with `affine` (4, 4) out of the stack, (T, H, W); NaN where there is no slice.

    Intensities are linear between slices; beyond the stack they are those of its last slice.
    """
    stack = others.select(others.short_axis)
    if len(stack.images) == 0:
        return others.images.new_full(others.images.shape[1:], torch.nan)
    return adjoining(stack, affine).carried(inf)


class Adjoining(NamedTuple):
    """The two slices next to each pixel of a plane, resampled at its pixels.

    Attributes:
        lower: the slice nearer to the apex, (T, H, W).
        upper: the slice nearer to the base, (T, H, W); beyond the stack its last slice counts alone.
        height: of the pixel above the lower slice, mm, (H, W).
        gap: between the two slices, mm, (H, W); 0 where they are one.
        beyond: how far the pixel lies beyond the stack, mm, (H, W).
    """

    lower: Tensor
    upper: Tensor
    height: Tensor
    gap: Tensor
    beyond: Tensor

    def carried(self, reach_mm: float) -> Tensor:
        """Return the simple kriging estimate for a correlation exp(-d / r) over a distance d, (T, H, W).

        With r = `reach_mm` only adjoining slices count: of height h and gap g,

            lower sinh((g - h) / r) / sinh(g / r) + upper sinh(h / r) / sinh(g / r),

        beyond the stack its last slice times exp(-d / r). At infinity this is linear interpolation, at 0 nothing.
        """
        if reach_mm == 0:
            return torch.zeros_like(self.lower)
        gap = self.gap.clamp(min=1e-3)
        upper = _weight(self.height, gap, reach_mm)
        lower = torch.where(self.gap > 0, _weight(self.gap - self.height, gap, reach_mm), 1.0)
        return (lower * self.lower + upper * self.upper) * torch.exp(-self.beyond / reach_mm)


def adjoining(stack: ReferencePlanes, affine: Tensor) -> Adjoining:
    """Return the slices of `stack`, one at least, next to the pixels of a plane with `affine`, (4, 4)."""
    height, width = stack.images.shape[-2:]
    slice_z, order = heights(stack.affine, height, width).sort()  # (S,), mm
    points = pixel_points(affine, height, width)
    resampled = torch.stack([resample_plane(stack.select(index), points) for index in order])  # (S, T, H, W)
    z = points[..., 2].contiguous()  # (H, W), mm
    within = z.clamp(slice_z[0], slice_z[-1])
    above = torch.searchsorted(slice_z, within).clamp(max=len(slice_z) - 1)  # (H, W)
    below = (above - 1).clamp(min=0)
    lower, upper = (resampled.gather(0, index.expand(1, *resampled.shape[1:]))[0] for index in (below, above))
    return Adjoining(lower, upper, within - slice_z[below], slice_z[above] - slice_z[below], (z - within).abs())


def _weight(height: Tensor, gap: Tensor, reach_mm: float) -> Tensor:
    """Return sinh(height / reach) / sinh(gap / reach), without overflow; see `Adjoining.carried`."""
    if reach_mm == inf:
        return height / gap
    return torch.exp((height - gap) / reach_mm) * torch.expm1(-2 * height / reach_mm) / torch.expm1(-2 * gap / reach_mm)


def resample_plane(plane: ReferencePlanes, points: Tensor) -> Tensor:
    """Resample one plane at points (H, W, 3) in mm, projected along its normal, (T, H, W)."""
    height, width = plane.images.shape[-2:]
    pixels = (points - plane.affine[:3, 3]) @ torch.linalg.pinv(plane.affine[:3, :2]).T  # (H, W, 2): column, row
    span = torch.tensor([width - 1, height - 1], device=pixels.device)
    grid = (2 * pixels / span - 1)[None]
    return grid_sample(plane.images[None], grid, padding_mode="border", align_corners=True)[0]  # (T, H, W)


def pixel_points(affine: Tensor, height: int, width: int) -> Tensor:
    """Return the positions of the pixels of a plane, mm, (H, W, 3)."""
    row, column = torch.meshgrid(
        torch.arange(height, device=affine.device), torch.arange(width, device=affine.device), indexing="ij"
    )
    return column[..., None] * affine[:3, 0] + row[..., None] * affine[:3, 1] + affine[:3, 3]


def heights(affine: Tensor, height: int, width: int) -> Tensor:
    """Return z of the middle pixel of planes (P, 4, 4), mm, (P,)."""
    middle = affine.new_tensor([(width - 1) / 2, (height - 1) / 2, 0.0, 1.0])
    return (affine[:, 2] * middle).sum(-1)


def crossing_direction(affine: Tensor) -> Tensor:
    """Return the direction in which long-axis planes (..., 4, 4) cross the short axis, a unit (..., 3) without z."""
    normal = torch.linalg.cross(affine[..., :3, 0], affine[..., :3, 1])
    horizontal = torch.stack([-normal[..., 1], normal[..., 0], torch.zeros_like(normal[..., 0])], dim=-1)
    return horizontal / horizontal.norm(dim=-1, keepdim=True).clamp(min=1e-6)
