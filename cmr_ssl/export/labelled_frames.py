"""Labelled frames of a prepared short-axis stack as volumes in scanner coordinates."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import CLASSES, LV, RV, UNLABELLED
from cmr_ssl.planes import SHORT_AXIS, VIEWS, unit

Voxels = NDArray[np.uint8]
Array = NDArray[np.float64]

IN_PLANE_MM, OF_A_STEP = 0.5, 0.1  # how far slices may lie from a regular grid: in their plane, along the stack


class StackPlanes(NamedTuple):
    """The short-axis planes of a subject; see the table of `preparation.cache`."""

    images: Voxels
    affine: NDArray[np.float32]
    view: Voxels
    labelled: NDArray[np.int16]
    labels: Voxels
    annotated: Voxels
    to_heart: Array


class LabelledFrame(NamedTuple):
    """One frame of a stack and its label map."""

    frame: int
    image: Voxels  # intensities, (X, Y, S); 0 in slices that are missing
    labels: Voxels  # classes of `anatomy`, 255 where nobody labelled, (X, Y, S)
    annotated: NDArray[np.bool_]  # which classes somebody drew, of each slice, (S, C)
    affine: Array  # voxel to scanner mm, RAS+, (4, 4)


class Grid(NamedTuple):
    """The regular grid of a stack."""

    planes: NDArray[np.intp]  # index of each plane there is
    places: NDArray[np.intp]  # its place along the stack, from 0
    slices: int  # with those that are missing
    affine: Array  # voxel to scanner mm, RAS+, (4, 4)


def labelled_frames(prepared: StackPlanes, every: bool) -> list[LabelledFrame]:
    """Return the frames of which most slices are labelled: the ones with most and least cavity, or `every` one.

    Raises:
        ValueError: if no short-axis slice is labelled, or the slices are no regular stack.
    """
    grid = stack_grid(prepared)
    maps = {(int(plane), int(frame)): row for row, (plane, frame) in enumerate(prepared.labelled)}
    frames = sorted({frame for plane, frame in maps if plane in grid.planes})
    if not frames:
        raise ValueError("no short-axis slice is labelled")
    made = [_frame(prepared, grid, maps, frame) for frame in frames]
    drawn = [int((one.labels != UNLABELLED).any(axis=(0, 1)).sum()) for one in made]
    full = [one for one, count in zip(made, drawn, strict=True) if count == max(drawn)]
    if every or len(full) <= 2:
        return full
    cavities = [int((one.labels == LV).sum()) or int((one.labels == RV).sum()) for one in full]
    extremes = {int(np.argmax(cavities)), int(np.argmin(cavities))}
    return [full[index] for index in sorted(extremes)]


def stack_grid(prepared: StackPlanes) -> Grid:
    """Return the grid of the short-axis slices; raise ValueError if they do not lie on a regular one."""
    planes = np.flatnonzero(prepared.view == VIEWS.index(SHORT_AXIS))
    if not len(planes):
        raise ValueError("there is no short-axis slice")
    affines = prepared.affine[planes].astype(np.float64)
    first = affines[0]
    along = unit(first[:3, 2])
    away = affines[:, :3, 3] - first[:3, 3]
    heights = away @ along
    gaps = np.diff(np.sort(heights))
    step = float(gaps.min()) if len(gaps) else float(np.linalg.norm(first[:3, 2]))
    if step < IN_PLANE_MM:
        raise ValueError("two of its slices lie at the same place")
    steps = (heights - heights.min()) / step
    places = np.round(steps).astype(np.intp)
    off = np.linalg.norm(away - heights[:, None] * along, axis=1)
    turned = np.abs(affines[:, :3, :2] - first[:3, :2]).max() * max(prepared.images.shape[-2:])
    if off.max() > IN_PLANE_MM or np.abs(steps - places).max() > OF_A_STEP or turned > IN_PLANE_MM:
        raise ValueError("its slices are no regular stack: they are turned, shifted, or not equally far apart")
    start = first.copy()
    start[:3, 2] = step * along
    start[:3, 3] += heights.min() * along
    return Grid(planes, places, int(places.max()) + 1, np.linalg.inv(prepared.to_heart) @ start)


def _frame(prepared: StackPlanes, grid: Grid, maps: dict[tuple[int, int], int], frame: int) -> LabelledFrame:
    shape = (*prepared.images.shape[:1:-1], grid.slices)
    image, labels = np.zeros(shape, np.uint8), np.full(shape, UNLABELLED, np.uint8)
    annotated = np.zeros((grid.slices, len(CLASSES)), dtype=bool)
    for plane, place in zip(grid.planes.tolist(), grid.places.tolist(), strict=True):
        image[..., place] = prepared.images[plane, frame].T
        annotated[place] = prepared.annotated[plane]
        if (plane, frame) in maps:
            labels[..., place] = prepared.labels[maps[plane, frame]].T
    return LabelledFrame(frame, image, labels, annotated, grid.affine)
