"""Slices on one grid, each placed by its own header, never by a neighbour's or the order of files."""

from collections import Counter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.dicom.cine import Cine
from cmr_ssl.dicom.header import PixelGrid, axes
from cmr_ssl.dicom.reacquisitions import height
from cmr_ssl.planes import SHORT_AXIS, slice_affine, spacing, to_mm, to_pixels, unit
from cmr_ssl.study import Finding

UNEVEN_MM = 0.5  # off the even grid, beyond which it is a finding
OFF_GRID = 0.25  # of the step, beyond which the slice is left out
MOVED_MM, TURNED_DEGREES = 0.1, 0.1  # within its plane, beyond which a slice is resampled onto the stack's grid
TILTED_DEGREES = 1.0
FAR_APART = 2.05  # thicknesses between neighbours, beyond which every second slice may be missing
DEFAULT_THICKNESS_MM = 8.0
MOST_SLICES = 64


class Stack(NamedTuple):
    """A view on one grid."""

    view: str  # its name
    slices: tuple[Cine | None, ...]  # the cine of each slice, None where the stack has a hole, (S,)
    grids: tuple[NDArray[np.float64] | None, ...]  # of slices off the stack's grid, like `affine`; else None
    affine: NDArray[np.float64]  # voxel (column, row, slice, 1) to mm, LPS+, (4, 4)
    shape: tuple[int, int, int, int]  # columns, rows, slices, frames
    frame_ms: float  # time between frames


def stack_slices(chosen: list[Cine], down: NDArray[np.float64]) -> tuple[Stack, list[Finding]]:
    """Put the slices of a short axis, in their order `down` from base to apex, LPS+, (3,), onto one even grid."""
    common = Counter(cine.grid.plane for cine in chosen).most_common(1)[0][0]
    leading = next(cine for cine in chosen if cine.grid.plane == common)
    down = leading.normal * np.sign(leading.normal @ down)
    indices, step, kept, findings = _even(chosen, down)
    first = _typical([cine for cine in kept if cine.grid.plane == common] or kept, down)
    affine = plane_affine(first.grid)
    affine[:3, 2] = down * step
    affine[:3, 3] -= down * step * indices[kept.index(first)]
    slices: list[Cine | None] = [None] * (indices[-1] + 1)
    grids: list[NDArray[np.float64] | None] = [None] * len(slices)
    for index, cine in zip(indices, kept, strict=True):
        slices[index] = cine
        grids[index], more = _own_grid(cine, affine, index, (first.grid.columns, first.grid.rows))
        findings += more
    frames = Counter(len(cine.frames) for cine in kept).most_common(1)[0][0]
    shape = (first.grid.columns, first.grid.rows, len(slices), frames)
    return Stack(SHORT_AXIS, tuple(slices), tuple(grids), affine, shape, _frame_ms(kept, frames)), findings


def single_plane(view: str, cine: Cine) -> Stack:
    """Return a long-axis view as a stack of one slice."""
    affine = plane_affine(cine.grid)
    affine[:3, 2] = cine.normal * (cine.thickness or 1.0)
    shape = (cine.grid.columns, cine.grid.rows, 1, len(cine.frames))
    return Stack(view, (cine,), (None,), affine, shape, cine.frame_ms)


def pixels_in(stack: Stack, index: int, plane: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the pixels of a plane's affine, (column, row), at each pixel of a stack's slice, (rows * columns, 2)."""
    columns, rows = stack.shape[:2]
    own = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), axis=-1).reshape(-1, 2).astype(np.float64)
    return to_pixels(plane, to_mm(slice_affine(stack.affine, index), own))


def plane_affine(grid: PixelGrid) -> NDArray[np.float64]:
    """Return pixel (column, row, 0, 1) to mm, LPS+, (4, 4); the third column is the unit normal."""
    affine = np.eye(4)
    affine[:3, :3] = axes(grid.orientation).T * [grid.spacing[1], grid.spacing[0], 1.0]
    affine[:3, 3] = grid.position
    return affine


def _even(chosen: list[Cine], down: NDArray[np.float64]) -> tuple[list[int], float, list[Cine], list[Finding]]:
    """Return the indices of slices on an even grid, its step, the slices on it, and findings."""
    heights = np.array([height(cine, down) for cine in chosen])
    if len(chosen) == 1:
        return [0], chosen[0].thickness or DEFAULT_THICKNESS_MM, chosen, []
    step = float(np.median(np.diff(heights)))
    anchor = _anchor(heights, step)
    indices = np.round((heights - heights[anchor]) / step)
    near = np.abs(heights - heights[anchor] - indices * step) <= OFF_GRID * step
    near &= np.abs(indices) < MOST_SLICES
    slope, origin = np.polyfit(indices[near], heights[near], 1) if near.sum() > 1 else (step, heights[anchor])
    off = heights - origin - slope * indices
    kept = [cine for cine, is_near in zip(chosen, near, strict=True) if is_near]
    used = (indices[near] - indices[near].min()).astype(int)
    findings = [_off_grid(cine, off[index]) for index, cine in enumerate(chosen) if not near[index]]
    worst = float(np.abs(off[near]).max())
    if worst > UNEVEN_MM:
        message = f"slices are {slope:.2f} mm apart, but one lies {worst:.2f} mm off that grid"
        findings.append(Finding("uneven-slices", "noted", SHORT_AXIS, message, worst))
    return used.tolist(), float(slope), kept, findings + _gaps(used, float(slope)) + _far_apart(kept, float(slope))


def _typical(cines: list[Cine], down: NDArray[np.float64]) -> Cine:
    """Return the slice from which the others are shifted least within their planes."""
    positions = np.array([cine.grid.position for cine in cines])
    within = positions - np.outer(positions @ down, down)
    return cines[int(np.linalg.norm(within[:, None] - within[None], axis=-1).sum(axis=1).argmin())]


def _anchor(heights: NDArray[np.float64], step: float) -> int:
    """Return the slice on whose even grid most others lie."""
    offsets = (heights[:, None] - heights[None]) / step
    return int((np.abs(offsets - np.round(offsets)) <= OFF_GRID).sum(axis=1).argmax())


def _off_grid(cine: Cine, off: float) -> Finding:
    message = f"{cine.name} lies {off:.1f} mm off the even grid of the other slices and was left out"
    return Finding("off-grid", "rejected", f"{SHORT_AXIS} {cine.name}", message, off)


def _gaps(indices: NDArray[np.int_], step: float) -> list[Finding]:
    holes = sorted(set(range(int(indices[-1]) + 1)) - set(indices.tolist()))
    message = f"the slice is missing: its neighbours are more than {step:.1f} mm apart"
    return [Finding("missing-slice", "noted", f"{SHORT_AXIS} slice {hole}", message, step) for hole in holes]


def _far_apart(kept: list[Cine], step: float) -> list[Finding]:
    thickness = float(np.median([cine.thickness for cine in kept]))
    message = f"slices of {thickness:.1f} mm lie {step:.1f} mm apart: some of the stack may be missing"
    return [Finding("far-apart", "noted", SHORT_AXIS, message, step)] if 0 < FAR_APART * thickness < step else []


def _own_grid(
    cine: Cine, affine: NDArray[np.float64], index: int, size: tuple[int, int]
) -> tuple[NDArray[np.float64] | None, list[Finding]]:
    """Return a slice's own pixel-to-mm map if it differs from the stack's, and findings."""
    own = plane_affine(cine.grid)
    position = affine[:3, 3] + index * affine[:3, 2]
    where = f"{SHORT_AXIS} slice {index}"
    findings = _tilted(own, affine, where)
    moved = float(np.linalg.norm(np.linalg.pinv(affine[:3, :2]) @ (own[:3, 3] - position) * spacing(affine)))
    turned = _degrees(own[:3, 0], affine[:3, 0])
    same_size = (cine.grid.columns, cine.grid.rows) == size and np.allclose(spacing(own), spacing(affine), rtol=1e-3)
    if same_size and moved <= MOVED_MM and turned <= TURNED_DEGREES:
        return None, findings
    message = (
        f"its image of {cine.grid.columns} x {cine.grid.rows} pixels lies {moved:.1f} mm and {turned:.1f} degrees "
        "off the stack's within the plane; it was resampled"
    )
    return own, [*findings, Finding("resampled-slice", "repaired", where, message, moved)]


def _tilted(own: NDArray[np.float64], affine: NDArray[np.float64], where: str) -> list[Finding]:
    tilt = _degrees(own[:3, 2], affine[:3, 2])
    tilt = min(tilt, 180.0 - tilt)
    message = f"the slice is tilted by {tilt:.1f} degrees against the stack"
    return [Finding("tilted-slice", "noted", where, message, tilt)] if tilt > TILTED_DEGREES else []


def _frame_ms(kept: list[Cine], frames: int) -> float:
    durations = [cine.frame_ms for cine in kept if len(cine.frames) == frames and np.isfinite(cine.frame_ms)]
    return float(np.median(durations)) if durations else float("nan")


def _degrees(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    return float(np.degrees(np.arccos(np.clip(unit(first) @ unit(second), -1.0, 1.0))))
