"""Resample images of planes on the device."""

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample, pad


def resample(
    images: Tensor,
    move: Tensor,
    outside: Literal["zeros", "border"] = "zeros",
    mode: Literal["bilinear", "nearest"] = "bilinear",
    margin: int = 0,
) -> Tensor:
    """Resample images (B, P, T, H, W): each pixel takes the intensity at the pixel that `move` maps it to.

    Args:
        images: source.
        move: maps of (column, row, 1), (B, P, 3, 3).
        outside: zeros, or the intensities of the border.
        mode: of the interpolation.
        margin: pixels beyond each edge that are read, too.

    Returns:
        Images (B, P, T, H + 2 margin, W + 2 margin).
    """
    batch, planes, frames, height, width = images.shape
    theta = in_units(move, width, height, margin)[..., :2, :].flatten(0, 1)
    shape = [batch * planes, frames, height + 2 * margin, width + 2 * margin]
    grid = affine_grid(theta, shape, align_corners=False)
    read = grid_sample(images.flatten(0, 1), grid, mode, outside, align_corners=False)
    return read.unflatten(0, (batch, planes))


def in_units(move: Tensor, width: int, height: int, margin: int = 0) -> Tensor:
    """Convert maps of pixels, (..., 3, 3), to maps of the coordinates -1 to 1 of `grid_sample`.

    Pixel p of n has the coordinate (2 p + 1) / n - 1. The inverse is explicit: a solver would synchronise the device.

    Args:
        move: from pixels that are read for to pixels that are read.
        width: columns that are read.
        height: rows that are read.
        margin: pixels by which what is read for is larger on each side.
    """
    sizes = (width, height, 1.0)
    centres = ((width - 1) / 2, (height - 1) / 2, 0.0)
    scaled = torch.stack([move[..., column] * (sizes[column] / 2 + margin) for column in range(2)], dim=-1)
    origin = move[..., 2] + move[..., 0] * centres[0] + move[..., 1] * centres[1]
    whole = torch.cat([scaled, origin[..., None]], dim=-1)  # units to pixels
    rows = [whole[..., row, :] * (2 / sizes[row]) for row in range(2)]
    lift = [(1 / sizes[row] - 1) for row in range(2)]
    rows = [pad(row[..., :2], (0, 1)) + pad(row[..., 2:] + up, (2, 0)) for row, up in zip(rows, lift, strict=True)]
    return torch.stack([*rows, whole[..., 2, :]], dim=-2)
