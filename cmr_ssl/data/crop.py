"""Square crops around the heart, at one pixel size, with an affine that says exactly where each pixel lies."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import UNLABELLED
from cmr_ssl.planes import spacing, to_pixels

Array = NDArray[np.float64]

SAME_SPACING = 1e-3  # relative; closer than this pixels are copied, not interpolated


class Crop(NamedTuple):
    """A crop of a plane: its affine (4, 4) and, in source pixels, its columns (W,) and rows (H,)."""

    affine: Array
    columns: Array
    rows: Array


def place_crop(affine: Array, centre: Array, size: int, spacing_mm: float) -> Crop:
    """Place a crop around the projection of a point.

    Args:
        affine: plane affine, pixel to mm, (4, 4).
        centre: the point in mm, (3,).
        size: pixels a side.
        spacing_mm: pixel size wanted; a source within 0.1 % keeps its own, and its pixels.
    """
    step = spacing_mm / spacing(affine)
    first = to_pixels(affine, centre[None])[0] - step * (size - 1) / 2
    if np.all(np.abs(step - 1) <= SAME_SPACING):
        step, first = np.ones(2), np.round(first)
    placed = affine.copy()
    placed[:3, :2] = affine[:3, :2] * step
    placed[:3, 3] = affine[:3, 3] + affine[:3, :2] @ first
    grid = first + np.arange(size)[:, None] * step
    return Crop(placed, grid[:, 0], grid[:, 1])


def cut(frames: NDArray[np.generic], crop: Crop) -> NDArray[np.generic]:
    """Cut a crop out of every frame.

    Args:
        frames: one plane over time, (X, Y, T).
        crop: where to cut.

    Returns:
        Pixels (T, H, W), zero outside the image: copied where the crop lies on source pixels, else interpolated
        linearly, over as many source pixels as a crop's pixel covers.
    """
    images = frames.T
    if _on_pixels(crop.columns) and _on_pixels(crop.rows):
        return _copy(images, crop)
    rows, columns = (_weights(crop.rows, images.shape[1]), _weights(crop.columns, images.shape[2]))
    used_rows, used_columns = _used(rows), _used(columns)
    needed = images[:, used_rows, used_columns].astype(np.float32)
    return np.asarray(rows[:, used_rows] @ (needed @ columns[:, used_columns].T))


def cut_labels(frames: NDArray[np.uint8], crop: Crop) -> NDArray[np.uint8]:
    """Cut a crop out of label maps (X, Y, T) by nearest pixel and return (T, H, W), 255 outside the image."""
    nearest = Crop(crop.affine, np.floor(crop.columns + 0.5), np.floor(crop.rows + 0.5))
    labels = _copy(frames.T, nearest).astype(np.uint8)
    labels[:, ~inside(nearest, frames.shape[:2])] = UNLABELLED
    return labels


def inside(crop: Crop, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Tell which pixels of a crop lie in the image of `shape` (X, Y), (H, W)."""
    return np.logical_and.outer(_within(crop.rows, shape[1]), _within(crop.columns, shape[0]))


def _copy(images: NDArray[np.generic], crop: Crop) -> NDArray[np.generic]:
    rows, columns = _within(crop.rows, images.shape[1]), _within(crop.columns, images.shape[2])
    out = np.zeros((len(images), len(rows), len(columns)), dtype=images.dtype)
    if not rows.any() or not columns.any():
        return out
    source = np.ix_(range(len(images)), crop.rows[rows].astype(int), crop.columns[columns].astype(int))
    out[np.ix_(range(len(images)), rows, columns)] = images[source]
    return out


def _weights(positions: Array, length: int) -> NDArray[np.float32]:
    """Return the (N, length) matrix of linear interpolation, widened to the step between positions when shrinking."""
    width = max(1.0, float(positions[1] - positions[0]))
    low, high = np.floor(positions[0] - width), np.ceil(positions[-1] + width)
    pixels = np.arange(low, high + 1)
    weights = (1 - np.abs(pixels - positions[:, None]) / width).clip(min=0)
    weights /= weights.sum(axis=1, keepdims=True)
    matrix = np.zeros((len(positions), length), dtype=np.float32)
    real = (pixels >= 0) & (pixels < length)
    matrix[:, pixels[real].astype(int)] = weights[:, real]
    return matrix


def _used(weights: NDArray[np.float32]) -> slice:
    used = np.flatnonzero(weights.any(axis=0))
    return slice(int(used[0]), int(used[-1]) + 1) if len(used) else slice(0, 0)


def _on_pixels(positions: Array) -> bool:
    return bool((positions == np.round(positions)).all() and positions[1] - positions[0] == 1)


def _within(positions: Array, length: int) -> NDArray[np.bool_]:
    return (positions >= -0.5) & (positions < length - 0.5)
