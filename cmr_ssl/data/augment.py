"""Augmentation on the device. Whatever moves pixels moves the affine with them, so positions stay true.

Sample, then apply: all randomness comes in as uniform numbers, a few for each plane.
"""

import math
from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from cmr_ssl.anatomy import UNLABELLED


class Augmentation:
    """Random rotation and shift of each plane's pixel grid, of the whole heart frame, and of contrast.

    Turning or shifting a plane's grid re-samples the same tissue: pixel values change place, and the affine says where
    to. Moving the heart frame moves no pixel: it imitates a heart centre that was found a little elsewhere. Contrast
    and brightness belong to the subject, never to single frames, which would flicker.
    """

    DRAWS = 6  # uniform numbers a plane: rotation, two shifts of the plane; three shared ones of the subject

    def __init__(
        self,
        rotation_degrees: float = 15.0,
        shift_mm: float = 8.0,
        frame_shift_mm: float = 5.0,
        contrast: float = 0.2,
        brightness: float = 0.1,
    ) -> None:
        """Set the half-widths of the uniform distributions.

        Args:
            rotation_degrees: of a plane's grid around its middle.
            shift_mm: of a plane's grid, along columns and rows each.
            frame_shift_mm: of the heart frame along its axes.
            contrast: relative change of contrast around middle grey.
            brightness: change of intensity, of the range 0 to 1.

        Raises:
            ValueError: naming a value below zero.
        """
        ranges = {
            "rotation_degrees": rotation_degrees,
            "shift_mm": shift_mm,
            "frame_shift_mm": frame_shift_mm,
            "contrast": contrast,
            "brightness": brightness,
        }
        for name, value in ranges.items():
            if value < 0:
                raise ValueError(f"augmentation range {name} must not be negative, got {value}")
        self.rotation, self.shift_mm, self.frame_shift_mm = math.radians(rotation_degrees), shift_mm, frame_shift_mm
        self.contrast, self.brightness = contrast, brightness

    def draw(self, planes: int, seeds: Sequence[int]) -> Tensor:
        """Draw uniform numbers in [-1, 1) on the host, (B, P + 1, DRAWS); the last row belongs to the subject."""
        generator = torch.Generator()
        rows = [torch.rand(planes + 1, self.DRAWS, generator=generator.manual_seed(seed)) for seed in seeds]
        return 2 * torch.stack(rows) - 1

    def __call__(self, images: Tensor, affine: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Augment a batch.

        Args:
            images: intensities 0 to 1, (B, P, T, H, W).
            affine: pixel to heart frame mm, (B, P, 4, 4).
            draws: what `draw` returned.

        Returns:
            Images and affines of the same shapes.
        """
        of_plane, of_subject = draws[:, :-1], draws[:, -1]
        move = self.plane_moves(of_plane, affine, images.shape[-2:])
        images = resample(images, move)
        affine = affine @ embed(move)
        affine = affine.clone()
        affine[:, :, :3, 3] += self.frame_shift_mm * of_subject[:, None, :3]
        gain, offset = 1 + self.contrast * of_subject[:, 3], self.brightness * of_subject[:, 4]
        images = (images - 0.5) * gain[:, None, None, None, None] + 0.5 + offset[:, None, None, None, None]
        return images.clamp_(0, 1), affine

    def labels(self, labels: Tensor, affine: Tensor, draws: Tensor) -> Tensor:
        """Move label maps as their pictures move; 255, nobody labelled this, comes in from outside.

        Args:
            labels: classes, (B, P, T, H, W) uint8.
            affine: of the planes before they moved, (B, P, 4, 4).
            draws: what `draw` returned.
        """
        move = self.plane_moves(draws[:, :-1], affine, labels.shape[-2:])
        from_unlabelled = labels.float() - UNLABELLED
        return (resample(from_unlabelled, move, mode="nearest") + UNLABELLED).to(torch.uint8)

    def plane_moves(self, draws: Tensor, affine: Tensor, shape: Sequence[int]) -> Tensor:
        """Return the maps (B, P, 3, 3) from pixels of the new grid to pixels of the old, both (column, row, 1)."""
        height, width = shape
        angle = self.rotation * draws[..., 0]
        shift = self.shift_mm * draws[..., 1:3] / affine[..., :3, :2].norm(dim=-2)  # pixels
        middle = torch.tensor([(width - 1) / 2, (height - 1) / 2], device=draws.device)
        turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], dim=-1).unflatten(-1, (2, 2))
        move = torch.eye(3, device=draws.device).repeat(*draws.shape[:2], 1, 1)
        move[..., :2, :2] = turn
        move[..., :2, 2] = middle + shift - turn @ middle
        return move


def embed(move: Tensor) -> Tensor:
    """Turn maps of (column, row, 1), (..., 3, 3), into maps of (column, row, 0, 1), (..., 4, 4)."""
    full = torch.eye(4, device=move.device).repeat(*move.shape[:-2], 1, 1)
    full[..., :2, :2], full[..., :2, 3] = move[..., :2, :2], move[..., :2, 2]
    return full


def resample(
    images: Tensor,
    move: Tensor,
    outside: Literal["zeros", "border"] = "zeros",
    mode: Literal["bilinear", "nearest"] = "bilinear",
) -> Tensor:
    """Read images (B, P, T, H, W) at the pixels that `move` (B, P, 3, 3) sends each pixel to.

    Args:
        images: to be read.
        move: maps of (column, row, 1).
        outside: what lies there, nothing or what the edge shows.
        mode: how to read between pixels.
    """
    batch, planes, frames, height, width = images.shape
    size = torch.tensor([width, height], device=images.device, dtype=move.dtype)
    to_unit = torch.diag_embed(torch.cat([2 / size, torch.ones_like(size[:1])]))
    to_unit[:2, 2] = 1 / size - 1  # pixel centres to the range -1 to 1 of grid_sample
    theta = (to_unit @ move @ torch.linalg.inv(to_unit))[..., :2, :].flatten(0, 1)
    grid = affine_grid(theta, [batch * planes, frames, height, width], align_corners=False)
    read = grid_sample(images.flatten(0, 1), grid, mode, outside, align_corners=False)
    return read.unflatten(0, (batch, planes))
