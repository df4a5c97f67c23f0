"""Bring a label map onto the grid of its image by their affines: axes may be permuted, flipped or cropped."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import UNLABELLED, is_structure
from cmr_ssl.planes import corners, normal

Array = NDArray[np.float64]
Labels = NDArray[np.uint8]

TOLERANCE = 0.1  # voxels; rounding leaves less, and a map farther off was drawn on other images


class ImageGrid(NamedTuple):
    """Where the voxels of an image lie.

    Attributes:
        affine: voxel to mm, (4, 4); its offset is NaN where unknown.
        shape: columns, rows, slices.
        slices: first slice that labels may lie on, and number of such slices.
        slice_tolerance: largest distance from a slice, in slices.
    """

    affine: Array
    shape: tuple[int, int, int]
    slices: tuple[int, int]
    slice_tolerance: float = TOLERANCE


class _Alignment(NamedTuple):
    """For each axis of the grid: the axis of the map, whether it is flipped, and the index at which it starts."""

    axes: list[int]
    flipped: list[bool]
    starts: list[int]


def onto_grid(labels: Labels, affine: Array, grid: ImageGrid) -> tuple[Labels, bool]:
    """Bring a label map onto a grid.

    Args:
        labels: classes, (X, Y, S, T).
        affine: voxel of the map to mm, (4, 4); its offset is NaN where unknown.
        grid: of the image.

    Returns:
        Classes on the grid, 255 outside the map, (*grid.shape, T); whether anything was flipped, transposed or cropped.

    Raises:
        ValueError: if the map does not lie on the grid, or draws outside it; a part of a sentence.
    """
    alignment = _align(labels.shape[:3], affine, grid)
    turned = labels.transpose(*alignment.axes, 3)
    turned = np.flip(turned, tuple(axis for axis in range(3) if alignment.flipped[axis]))
    placed = np.full((*grid.shape, labels.shape[3]), UNLABELLED, dtype=np.uint8, order="F")
    ranges = [
        (start, max(0, start), max(0, min(size, start + length)))
        for start, size, length in zip(alignment.starts, grid.shape, turned.shape, strict=False)
    ]
    on_grid = tuple(slice(low, high) for _, low, high in ranges)
    on_map = tuple(slice(low - start, max(low, high) - start) for start, low, high in ranges)
    placed[on_grid] = turned[on_map]
    if np.count_nonzero(is_structure(placed)) < np.count_nonzero(is_structure(turned)):
        raise ValueError("they draw beside the images, by where their affine puts them")
    unchanged = alignment == _Alignment([0, 1, 2], [False] * 3, [0, 0, grid.slices[0]]) and _fills(labels.shape, grid)
    return placed, not unchanged


def _align(shape: tuple[int, ...], affine: Array, grid: ImageGrid) -> _Alignment:
    """Align a map of this shape with the grid, or raise ValueError."""
    single = shape[2] == grid.shape[2] == 1
    to_grid = np.linalg.inv(_invertible(grid.affine, single)) @ _invertible(affine, single)
    rotation = np.rint(to_grid[:3, :3])
    if any((np.abs(rotation).sum(axis=axis) != 1).any() for axis in (0, 1)):
        raise ValueError("their affine is not that of the images: their pixels have another size or direction")
    axes = [int(np.abs(row).argmax()) for row in rotation]
    flipped = [bool(rotation[axis, source] < 0) for axis, source in enumerate(axes)]
    expected = [0, 0, grid.slices[0]]
    if not np.isfinite(affine[:3, 3] + grid.affine[:3, 3]).all():  # the offset is unknown
        if not _fills(shape, grid) or not np.allclose(to_grid[:3, :3], np.eye(3), atol=TOLERANCE / max(shape)):
            raise ValueError(
                f"their shape {shape} is not that of the images {grid.shape}, and neither says where it lies"
            )
        return _Alignment(axes, flipped, expected)
    first = np.rint(to_grid[:3, 3]).astype(int)
    _check_on_grid(to_grid[:3] - np.column_stack([rotation, first]), shape, grid)
    starts = [int(first[axis]) - flipped[axis] * (shape[source] - 1) for axis, source in enumerate(axes)]
    sizes = (*grid.shape[:2], grid.slices[1])
    # A shifted map of the image's size: one of the two affines is wrong, and it is unknown which.
    shift = [starts[axis] - expected[axis] if shape[axes[axis]] == sizes[axis] else 0 for axis in range(3)]
    if any(shift):
        distance = float(np.linalg.norm(grid.affine[:3, :3] @ shift))
        raise ValueError(f"their affine puts them {distance:.3g} mm from the images {tuple(shift)} voxels")
    return _Alignment(axes, flipped, starts)


def _check_on_grid(rounding: Array, shape: tuple[int, ...], grid: ImageGrid) -> None:
    """Raise ValueError where rounding the map's (3, 4) voxels to the grid's moves a corner of the map."""
    off = np.abs(corners(shape) @ rounding.T).max(axis=0)
    if (off > [TOLERANCE, TOLERANCE, grid.slice_tolerance + 1e-6]).any():
        worst = f"{off[0]:.2g} columns, {off[1]:.2g} rows, {off[2]:.2g} slices"
        raise ValueError(f"their affine is not that of the images: they lie between the voxels ({worst} off)")


def _invertible(affine: Array, single: bool) -> Array:
    """Return an affine that can be inverted: offset 0 where unknown, a `single` slice 1 mm thick."""
    affine = np.nan_to_num(affine)
    if single:
        affine[:3, 2] = normal(affine)
    return affine


def _fills(shape: tuple[int, ...], grid: ImageGrid) -> bool:
    return tuple(shape[:3]) == (*grid.shape[:2], grid.slices[1])
