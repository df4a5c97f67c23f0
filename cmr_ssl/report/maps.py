"""Label maps of whole views from those of prepared planes."""

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import LV, UNLABELLED
from cmr_ssl.planes import SHORT_AXIS, VIEWS
from cmr_ssl.volumes import LabelMap, ends_of_beat, simpson

Array = NDArray[np.float64]

MOST_STRETCHED = 4  # slices per plane, beyond which it is no stack with holes


def label_maps(labels: NDArray[np.uint8], affine: Array, view: NDArray[np.int64]) -> dict[str, LabelMap]:
    """Stack the planes of each view.

    Args:
        labels: classes of planes that exist, the short axis in the order of its slices, (P, T, H, W).
        affine: of each plane, pixel (column, row, 0, 1) to mm, (P, 4, 4).
        view: index into ``planes.VIEWS``, (P,).

    Returns:
        Label maps by view, whose slice spacing is the least distance of neighbouring planes; missing slices are
        unlabelled.
    """
    maps = {}
    for index in np.unique(view).tolist():
        planes = np.flatnonzero(view == index)
        slices, placed = labels[planes], affine[planes[0]].astype(np.float64)
        if VIEWS[index] == SHORT_AXIS and len(planes) > 1:
            corners = affine[planes, :3, 3].astype(np.float64)
            steps = np.diff(corners, axis=0)
            placed[:3, 2] = steps[np.linalg.norm(steps, axis=1).argmin()]
            slices = _with_holes(slices, corners, placed[:3, 2])
        maps[VIEWS[index]] = LabelMap(slices.swapaxes(0, 1), placed)
    return maps


def _with_holes(labels: NDArray[np.uint8], corners: Array, step: Array) -> NDArray[np.uint8]:
    """Return slices (S, T, H, W), one `step` (3,) apart, from those with first pixels at `corners` (P, 3)."""
    slices = np.rint((corners - corners[0]) @ step / max(float(step @ step), 1e-6)).astype(np.intp)
    if (np.diff(slices) < 1).any() or slices[-1] >= MOST_STRETCHED * len(labels):
        return labels
    stack = np.full((slices[-1] + 1, *labels.shape[1:]), UNLABELLED, dtype=np.uint8)
    stack[slices] = labels
    return stack


def phases(maps: dict[str, LabelMap]) -> dict[int, str]:
    """Return the names of ED and ES by frame, from the LV in the short axis; none without it."""
    stack = maps.get(SHORT_AXIS)
    curve = np.full(1, np.nan) if stack is None else simpson(stack, LV)
    if np.isfinite(curve).sum() < 2 or not np.nansum(curve) > 0:
        return {}
    ed, es = ends_of_beat(curve)
    return {ed: "ED", es: "ES"}
