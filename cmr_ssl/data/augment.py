"""Augmentation on the device. Whatever moves pixels moves the affine with them, so positions stay true.

Sample, then apply: all randomness comes in as uniform numbers, a few for each plane and a few for each subject.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from cmr_ssl.anatomy import UNLABELLED
from cmr_ssl.device_resampling import resample
from cmr_ssl.devices import sent, without_autocast
from cmr_ssl.sample import Sample, intensities

SHADING_MM = 100.0  # over which shading reaches its full strength


class Draws(NamedTuple):
    """Uniform numbers in [-1, 1) of a batch, by what they decide; those of planes (B, P, ...), of subjects (B, ...)."""

    turn: Tensor
    shift: Tensor
    zoom: Tensor
    frame_shift: Tensor
    frame_turn: Tensor
    frame_scale: Tensor
    contrast: Tensor
    brightness: Tensor
    gamma: Tensor
    shading: Tensor
    blur: Tensor


class Augmentation(nn.Module):
    """Random moves of each plane's pixel grid and of the whole heart frame, and random appearance of the subject.

    Turning, shifting or zooming a plane's grid re-samples the same tissue: pixel values change place, and the affine
    says where to; lengths and volumes stay true. Moving or turning the heart frame moves no pixel: it imitates a heart
    that was found a little elsewhere. Appearance belongs to the subject, never to single frames, which would flicker.

    With u ~ U(-1, 1), drawn anew for each, and intensities x from 0 to 1:

    * pixel grid of a plane: turned by `rotation_degrees` u, shifted by `shift_mm` u, pixels (1 + `zoom`)^u as large;
    * heart frame: shifted by `frame_shift_mm` u and turned by `frame_rotation_degrees` u along and about each axis,
      scaled by (1 + `frame_scale`)^u;
    * appearance: blur by the kernel [b, 1 - 2b, b] with b = `blur` (u + 1) / 2 along rows and columns (beyond what was
      acquired lies black, there and where planes are moved),
      x^((1 + `gamma`)^u), (x - 0.5) (1 + `contrast` u) + 0.5 + `brightness` u, and times exp(`shading` u . r / 100 mm)
      at the place r in the heart frame, which all planes share, as they share the coil.
    """

    DRAWS = 15  # uniform numbers a row: 4 of a plane, 15 of a subject
    # compiled one by one: together, torch computes what `moved` returns as four images that `look` would have to add
    costly = ("geometry", "moved", "look")

    def __init__(
        self,
        rotation_degrees: float = 15.0,
        shift_mm: float = 8.0,
        zoom: float = 0.15,
        frame_shift_mm: float = 5.0,
        frame_rotation_degrees: float = 5.0,
        frame_scale: float = 0.0,
        contrast: float = 0.2,
        brightness: float = 0.1,
        gamma: float = 0.3,
        shading: float = 0.2,
        blur: float = 0.2,
    ) -> None:
        """Set the half-widths of the uniform distributions; see the class for what they mean.

        Args:
            rotation_degrees: of a plane's grid around its middle.
            shift_mm: of a plane's grid, along columns and rows each.
            zoom: relative change of a plane's pixel size.
            frame_shift_mm: of the heart frame along its axes.
            frame_rotation_degrees: of the heart frame about each of its axes.
            frame_scale: relative change of the heart frame's lengths; makes hearts larger or smaller than they are, so
                only for pretraining, never where volumes are learnt.
            contrast: relative change of contrast around middle grey.
            brightness: change of intensity, of the range 0 to 1.
            gamma: relative change of the exponent of intensities.
            shading: change of the logarithm of intensities over 100 mm along each axis.
            blur: largest weight of a neighbour; at most 0.33, where a pixel weighs no more than its neighbours.

        Raises:
            ValueError: naming a value below zero, or a blur above 0.33.
        """
        super().__init__()
        ranges = {
            "rotation_degrees": rotation_degrees,
            "shift_mm": shift_mm,
            "zoom": zoom,
            "frame_shift_mm": frame_shift_mm,
            "frame_rotation_degrees": frame_rotation_degrees,
            "frame_scale": frame_scale,
            "contrast": contrast,
            "brightness": brightness,
            "gamma": gamma,
            "shading": shading,
            "blur": blur,
        }
        for name, value in ranges.items():
            if value < 0:
                raise ValueError(f"augmentation range {name} must not be negative, got {value}")
        if blur > 0.33:
            raise ValueError(f"augmentation blur must be at most 0.33, got {blur}")
        self.rotation, self.shift_mm, self.zoom = math.radians(rotation_degrees), shift_mm, zoom
        self.frame_shift_mm, self.frame_rotation = frame_shift_mm, math.radians(frame_rotation_degrees)
        self.frame_scale, self.contrast, self.brightness = frame_scale, contrast, brightness
        self.gamma, self.shading, self.blur = gamma, shading, blur

    def draw(self, planes: int, seeds: Sequence[int]) -> Tensor:
        """Draw uniform numbers in [-1, 1) on the host, (B, P + 1, DRAWS); the last row belongs to the subject."""
        generator = torch.Generator()
        rows = [torch.rand(planes + 1, self.DRAWS, generator=generator.manual_seed(seed)) for seed in seeds]
        return 2 * torch.stack(rows) - 1

    def forward(self, images: Tensor, affine: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Augment a batch.

        Args:
            images: uint8 as stored or intensities 0 to 1, (B, P, T, H, W).
            affine: pixel to heart frame mm, (B, P, 4, 4).
            draws: what `draw` returned.

        Returns:
            Intensities 0 to 1 and affines of the same shapes.
        """
        move, placed, affine = self.geometry(affine, draws, images.shape[-2:])
        return self.look(self.moved(images, move), placed, draws), affine

    def geometry(self, affine: Tensor, draws: Tensor, shape: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Return the moves of the planes, (B, P, 3, 3), and their affines before and after the heart frame moves."""
        drawn = named(draws)
        move = self.plane_moves(drawn, affine, shape)
        affine = affine @ embed(move)
        return move, affine, self.frame_moves(drawn) @ affine

    def moved(self, images: Tensor, move: Tensor) -> Tensor:
        """Return intensities on the new grids, where they are to be blurred with one more pixel beyond each edge."""
        return resample(intensities(images), move, margin=int(self.blur > 0))

    def labels(self, labels: Tensor, affine: Tensor, draws: Tensor) -> Tensor:
        """Move label maps as their pictures move; 255, nobody labelled this, comes in from outside.

        Args:
            labels: classes, (B, P, T, H, W) uint8.
            affine: of the planes before they moved, (B, P, 4, 4).
            draws: what `draw` returned.
        """
        move = self.plane_moves(named(draws), affine, labels.shape[-2:])
        from_unlabelled = labels.float() - UNLABELLED
        return (resample(from_unlabelled, move, mode="nearest") + UNLABELLED).to(torch.uint8)

    def plane_moves(self, drawn: Draws, affine: Tensor, shape: Sequence[int]) -> Tensor:
        """Return the maps (B, P, 3, 3) from pixels of the new grid to pixels of the old, both (column, row, 1)."""
        height, width = shape
        angle, size = self.rotation * drawn.turn, (1 + self.zoom) ** drawn.zoom
        cosine, sine = size * angle.cos(), size * angle.sin()
        shift = self.shift_mm * drawn.shift / affine[..., :3, :2].norm(dim=-2)  # pixels
        column, row = (width - 1) / 2, (height - 1) / 2
        zero, one = torch.zeros_like(angle), torch.ones_like(angle)
        rows = [
            [cosine, -sine, column + shift[..., 0] - cosine * column + sine * row],
            [sine, cosine, row + shift[..., 1] - sine * column - cosine * row],
            [zero, zero, one],
        ]
        return torch.stack([torch.stack(entries, dim=-1) for entries in rows], dim=-2)

    def frame_moves(self, drawn: Draws) -> Tensor:
        """Return the maps of the heart frame, (B, 1, 4, 4): turned, scaled and shifted."""
        turn = rotations(self.frame_rotation * drawn.frame_turn)
        turn = turn * ((1 + self.frame_scale) ** drawn.frame_scale)[:, None, None]
        move = pad(torch.cat([turn, self.frame_shift_mm * drawn.frame_shift[..., None]], dim=-1), (0, 0, 0, 1))
        move[:, 3, 3] = 1
        return move[:, None]

    def look(self, images: Tensor, affine: Tensor, draws: Tensor) -> Tensor:
        """Change how planes at `affine` look, each subject in its own way.

        Args:
            images: what `moved` returned.
            affine: of the planes, without the pixel beyond the edges, (B, P, 4, 4).
            draws: what `draw` returned.
        """
        drawn, each = named(draws), (..., None, None, None, None)
        images = blurred(images, (self.blur * (drawn.blur + 1) / 2)[each]) if self.blur else images
        if self.gamma:
            power = (math.log1p(self.gamma) * drawn.gamma).exp()
            images = images.clamp(min=1e-6).log2_().mul_(power[each]).exp2_()
        scale = 1 + self.contrast * drawn.contrast  # about the middle grey
        shift = 0.5 - 0.5 * scale + self.brightness * drawn.brightness
        images = torch.addcmul(shift[each], images, scale[each])
        if self.shading:
            images = images * self.coil(affine, drawn, images.shape[-2:])
        return images.clamp(0, 1)

    def coil(self, affine: Tensor, drawn: Draws, shape: Sequence[int]) -> Tensor:
        """Return how sensitive the coil is at each pixel, (B, P, 1, H, W)."""
        slope = self.shading / SHADING_MM * drawn.shading  # (B, 3)
        along = (slope[:, None, :, None] * affine[..., :3, :]).sum(dim=-2)  # (B, P, 4): a column, a row, -, the origin
        rows, columns = (torch.arange(size, device=affine.device) for size in shape)
        exponent = along[..., 0, None, None] * columns + along[..., 1, None, None] * rows[:, None]
        return (exponent + along[..., 3, None, None]).exp()[:, :, None]


def named(draws: Tensor) -> Draws:
    """Name uniform numbers (B, P + 1, DRAWS)."""
    plane, subject = draws[:, :-1], draws[:, -1]
    return Draws(
        turn=plane[..., 0],
        shift=plane[..., 1:3],
        zoom=plane[..., 3],
        frame_shift=subject[:, 0:3],
        frame_turn=subject[:, 3:6],
        frame_scale=subject[:, 6],
        contrast=subject[:, 7],
        brightness=subject[:, 8],
        gamma=subject[:, 9],
        shading=subject[:, 10:13],
        blur=subject[:, 13],
    )


def rotations(angles: Tensor) -> Tensor:
    """Return rotations (B, 3, 3) about x, then y, then z by `angles` (B, 3) in radians."""
    (cx, cy, cz), (sx, sy, sz) = angles.cos().unbind(-1), angles.sin().unbind(-1)
    rows = [
        [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
        [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
        [-sy, cy * sx, cy * cx],
    ]
    return torch.stack([torch.stack(entries, dim=-1) for entries in rows], dim=-2)


def blurred(images: Tensor, neighbour: Tensor) -> Tensor:
    """Blur images (..., H + 2, W + 2) by a neighbour's weight along columns, then rows; return (..., H, W)."""
    for axis in (-1, -2):
        before, middle, after = (images.narrow(axis, start, images.shape[axis] - 2) for start in range(3))
        images = torch.lerp(middle, (before + after).mul_(0.5), 2 * neighbour)
    return images


def embed(move: Tensor) -> Tensor:
    """Turn maps of (column, row, 1), (..., 3, 3), into maps of (column, row, 0, 1), (..., 4, 4)."""
    full = torch.eye(4, device=move.device).repeat(*move.shape[:-2], 1, 1)
    full[..., :2, :2], full[..., :2, 3] = move[..., :2, :2], move[..., :2, 2]
    return full


def augmented(augmentation: Augmentation, batch: Sample, seeds: Sequence[int], labels: bool) -> Sample:
    """Return a batch as augmentation makes it, intensities 0 to 1, with its label maps where `labels` says so."""
    draws = sent(augmentation.draw(batch.images.shape[1], seeds), batch.images.device)
    with without_autocast(batch.images.device):  # bfloat16 is too coarse for geometry
        images, affine = augmentation(batch.images, batch.affine, draws)
        maps = augmentation.labels(batch.labels, batch.affine, draws) if labels else batch.labels
    return batch._replace(images=images, affine=affine, labels=maps)
