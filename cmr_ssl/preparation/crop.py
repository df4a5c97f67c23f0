"""Square crops around the heart at one pixel size, with the exact affine of their pixels."""

from functools import reduce
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


class Taps(NamedTuple):
    """The source pixels of each new pixel, and their weights, both (N, K)."""

    indices: NDArray[np.intp]
    weights: NDArray[np.float32]


def place_crop(affine: Array, centre: Array, size: int, spacing_mm: float) -> Crop:
    """Place a crop around the projection of a point.

    Args:
        affine: plane affine, pixel to mm, (4, 4).
        centre: the point in mm, (3,).
        size: pixels a side.
        spacing_mm: pixel size; a source within 0.1 % keeps its own, and its pixels.
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


def resample_to_crop(frames: NDArray[np.generic], crop: Crop) -> NDArray[np.generic]:
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
    tall = _interpolate(images, _taps(crop.rows, images.shape[1]), axis=1)
    return _interpolate(tall, _taps(crop.columns, images.shape[2]), axis=2)


def resample_labels_to_crop(frames: NDArray[np.uint8], crop: Crop) -> NDArray[np.uint8]:
    """Cut a crop out of label maps (X, Y, T) by nearest pixel and return (T, H, W), 255 outside the image."""
    columns, rows = _nearest(crop.columns, frames.shape[0]), _nearest(crop.rows, frames.shape[1])
    labels = frames.T[:, rows][:, :, columns]
    labels[:, ~inside(crop, frames.shape[:2])] = UNLABELLED
    return labels


def inside(crop: Crop, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Tell which pixels of a crop lie in the image of `shape` (X, Y), (H, W)."""
    return np.logical_and.outer(_within(crop.rows, shape[1]), _within(crop.columns, shape[0]))


def _copy(images: NDArray[np.generic], crop: Crop) -> NDArray[np.generic]:
    rows, columns = _within(crop.rows, images.shape[1]), _within(crop.columns, images.shape[2])
    out = np.zeros((len(images), len(rows), len(columns)), dtype=images.dtype)
    if not rows.any() or not columns.any():
        return out
    source_rows, source_columns = crop.rows[rows].astype(int), crop.columns[columns].astype(int)
    source = images[:, source_rows[0] : source_rows[-1] + 1, source_columns[0] : source_columns[-1] + 1]
    row, column = rows.argmax(), columns.argmax()
    out[:, row : row + len(source_rows), column : column + len(source_columns)] = source
    return out


def _taps(positions: Array, length: int) -> Taps:
    """Return the weights of linear interpolation at `positions`, averaged over a box when shrinking.

    With a step s > 1 between positions the kernel is the triangle 1 - |x| convolved with a box of width sqrt(s^2 - 1).
    It keeps a ramp a ramp, so that intensities lie exactly where the affine says.
    """
    box = float(np.sqrt(max(0.0, (positions[1] - positions[0]) ** 2 - 1)))
    first = np.floor(positions - box / 2).astype(np.intp)
    indices = first[:, None] + np.arange(2 + int(np.ceil(box)))
    distance = positions[:, None] - indices
    weights = (1 - np.abs(distance)).clip(min=0)
    if box > 0:
        weights = (_hat_integral(distance + box / 2) - _hat_integral(distance - box / 2)) / box
    weights[(indices < 0) | (indices >= length)] = 0
    return Taps(indices.clip(0, length - 1), weights.astype(np.float32))


def _interpolate(images: NDArray[np.generic], taps: Taps, axis: int) -> NDArray[np.float32]:
    """Apply taps along one axis. A matrix product would be shorter, but its threads fight with other workers'."""
    shape = [1] * images.ndim
    shape[axis] = -1
    terms = zip(taps.indices.T, taps.weights.T, strict=True)
    products = (images.take(index, axis) * weight.reshape(shape) for index, weight in terms)
    return np.asarray(reduce(np.add, products), dtype=np.float32)


def _hat_integral(upper: Array) -> Array:
    """Integrate the triangle of linear interpolation, 1 - |x| on [-1, 1], up to `upper`."""
    inner = upper.clip(-1, 1)
    return np.asarray(0.5 + inner - np.sign(inner) * inner**2 / 2)


def _nearest(positions: Array, length: int) -> NDArray[np.intp]:
    return np.floor(positions + 0.5).astype(np.intp).clip(0, length - 1)


def _on_pixels(positions: Array) -> bool:
    return bool((positions == np.round(positions)).all() and positions[1] - positions[0] == 1)


def _within(positions: Array, length: int) -> NDArray[np.bool_]:
    return (positions >= -0.5) & (positions < length - 0.5)
