"""Logits of prepared planes at the pixels of the images they were cut from."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import grid_sample

from cmr_ssl.anatomy import BACKGROUND
from cmr_ssl.planes import slice_affine, to_mm, to_pixels
from cmr_ssl.preparation.cache import PreparedSubject
from cmr_ssl.study import Series

Labels = NDArray[np.uint8]


def restore_logits(logits: Tensor, planes: PreparedSubject, series: Series) -> Labels:
    """Return the likeliest class at every pixel of a series; logits are interpolated, which keeps outlines smooth.

    Args:
        logits: of each prepared plane, (P, classes, F, H, W).
        planes: the prepared subject, P planes of this one series.
        series: as read from its source.

    Returns:
        Classes, (X, Y, S, F); background outside the crops.
    """
    columns, rows, slices, _ = series.pixels.shape
    found = np.full((columns, rows, slices, logits.shape[2]), BACKGROUND, dtype=np.uint8)
    for plane, crop, index in zip(logits, planes.affine, planes.slice, strict=True):
        source = planes.to_heart @ slice_affine(series.affine, int(index))
        found[:, :, index] = _at_pixels(plane, source, crop.astype(np.float64), (columns, rows))
    return found


def _at_pixels(plane: Tensor, source: NDArray[np.float64], crop: NDArray[np.float64], shape: tuple[int, int]) -> Labels:
    """Return the classes of one plane (classes, F, H, W) at every pixel of its source, (X, Y, F)."""
    height, width = plane.shape[-2:]
    pixels = np.indices(shape, dtype=np.float64).reshape(2, -1).T
    at = to_pixels(crop, to_mm(source, pixels))
    outside = ((at < -0.5) | (at >= np.array([width, height]) - 0.5)).any(axis=1)
    grid = torch.from_numpy((at + 0.5) / [width, height] * 2 - 1).to(plane.dtype)
    likely = grid_sample(
        plane.movedim(1, 0), grid.expand(plane.shape[1], 1, -1, 2), padding_mode="border", align_corners=False
    )
    classes = likely[:, :, 0].argmax(dim=1).numpy().astype(np.uint8)
    classes[:, outside] = BACKGROUND
    return np.moveaxis(classes, 0, -1).reshape(*shape, -1)
