"""Bring a label map onto the grid of its image, by where both say they lie: turned or cropped, but never shifted."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import BACKGROUND, UNLABELLED
from cmr_ssl.planes import normal

Array = NDArray[np.float64]
Labels = NDArray[np.uint8]

OFF = 0.1  # of a voxel; rounding leaves less, and a map farther off was drawn elsewhere


class ImageGrid(NamedTuple):
    """Where the voxels of an image lie.

    Attributes:
        affine: voxel to mm, (4, 4); its offset is NaN where nobody knows it.
        shape: columns, rows, slices.
        slices: first of the slices that labels may lie on, and how many these are.
        between_slices: largest distance from a slice, in slices.
    """

    affine: Array
    shape: tuple[int, int, int]
    slices: tuple[int, int]
    between_slices: float = OFF


class _Way(NamedTuple):
    """How a map goes onto a grid: for each axis of the grid which axis of the map, whether flipped, and its start."""

    axes: list[int]
    flipped: list[bool]
    starts: list[int]


def onto_grid(labels: Labels, affine: Array, grid: ImageGrid) -> tuple[Labels, bool]:
    """Bring a label map onto a grid.

    Args:
        labels: classes, (X, Y, S, T).
        affine: voxel of the map to mm, (4, 4); its offset is NaN where nobody knows it.
        grid: of the image.

    Returns:
        Classes on the grid, 255 where the map says nothing, (*grid.shape, T); whether anything was flipped, transposed
        or cropped.

    Raises:
        ValueError: if the map does not lie on the grid, or draws beside it; a part of a sentence.
    """
    way = _way(labels.shape[:3], affine, grid)
    turned = labels.transpose(*way.axes, 3)
    turned = np.flip(turned, tuple(axis for axis in range(3) if way.flipped[axis]))
    lows = [max(0, start) for start in way.starts]
    highs = [min(size, start + own) for size, start, own in zip(grid.shape, way.starts, turned.shape, strict=False)]
    own = tuple(slice(low - start, high - start) for low, high, start in zip(lows, highs, way.starts, strict=True))
    there = tuple(slice(low, high) for low, high in zip(lows, highs, strict=True))
    placed = np.full((*grid.shape, labels.shape[3]), UNLABELLED, dtype=np.uint8, order="F")
    if all(low < high for low, high in zip(lows, highs, strict=True)):
        placed[there] = turned[own]
    if _drawn(placed) < _drawn(turned):
        raise ValueError("they draw beside the images, by where their affine puts them")
    changed = way != _Way([0, 1, 2], [False] * 3, [0, 0, grid.slices[0]]) or not _fills(labels.shape, grid)
    return placed, changed


def _way(shape: tuple[int, ...], affine: Array, grid: ImageGrid) -> _Way:
    """Return how a map of this shape goes onto the grid, or raise ValueError."""
    lone = shape[2] == grid.shape[2] == 1
    to_grid = np.linalg.inv(_with_offset(grid.affine, lone)) @ _with_offset(affine, lone)
    turn = np.rint(to_grid[:3, :3])
    if (np.abs(turn).sum(axis=0) != 1).any() or (np.abs(turn).sum(axis=1) != 1).any():
        raise ValueError("their affine is not that of the images: their pixels have another size or direction")
    axes = [int(np.abs(row).argmax()) for row in turn]
    flipped = [bool(turn[axis, own] < 0) for axis, own in enumerate(axes)]
    if not np.isfinite(affine[:3, 3] + grid.affine[:3, 3]).all():
        return _unanchored(shape, to_grid, grid, _Way(axes, flipped, [0, 0, grid.slices[0]]))
    first = np.rint(to_grid[:3, 3]).astype(int)
    _check_on_grid(to_grid, np.column_stack([turn, first]), shape, grid)
    starts = [int(first[axis]) - flipped[axis] * (shape[own] - 1) for axis, own in enumerate(axes)]
    sizes, meant = (*grid.shape[:2], grid.slices[1]), (0, 0, grid.slices[0])
    moved = [
        starts[axis] - meant[axis] if shape[own] == sizes[axis] else 0 for axis, own in enumerate(axes)
    ]  # a map of the image's size, yet shifted: one of the two affines is wrong, and nobody knows which
    if any(moved):
        distance = float(np.linalg.norm(grid.affine[:3, :3] @ moved))
        raise ValueError(f"their affine puts them {distance:.3g} mm from the images {tuple(moved)} voxels")
    return _Way(axes, flipped, starts)


def _unanchored(shape: tuple[int, ...], to_grid: Array, grid: ImageGrid, way: _Way) -> _Way:
    """Return the way of a map that does not say where it starts: it must be as large as its image, and turned so."""
    if not _fills(shape, grid) or not np.allclose(to_grid[:3, :3], np.eye(3), atol=OFF / max(shape)):
        raise ValueError(f"their shape {shape} is not that of the images {grid.shape}, and neither says where it lies")
    return way


def _check_on_grid(to_grid: Array, rounded: Array, shape: tuple[int, ...], grid: ImageGrid) -> None:
    """Raise ValueError where a corner of the map lies between the voxels of the grid."""
    corners = np.stack(np.meshgrid(*([0, size - 1] for size in shape), [1.0], indexing="ij"), axis=-1).reshape(-1, 4)
    off = np.abs(corners @ (to_grid[:3] - rounded).T).max(axis=0)
    if (off > [OFF, OFF, grid.between_slices + 1e-6]).any():
        worst = f"{off[0]:.2g} columns, {off[1]:.2g} rows, {off[2]:.2g} slices"
        raise ValueError(f"their affine is not that of the images: they lie between the voxels ({worst} off)")


def _with_offset(affine: Array, lone: bool) -> Array:
    """Return an affine that can be inverted: offset 0 where unknown, 1 mm thick where there is one slice."""
    affine = np.nan_to_num(affine)
    if lone:
        affine[:3, 2] = normal(affine)
    return affine


def _fills(shape: tuple[int, ...], grid: ImageGrid) -> bool:
    return tuple(shape[:3]) == (*grid.shape[:2], grid.slices[1])


def _drawn(labels: Labels) -> int:
    return int(np.count_nonzero((labels != BACKGROUND) & (labels != UNLABELLED)))
