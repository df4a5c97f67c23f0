"""Prepared planes as label maps of whole views, fit to be measured."""

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import LV
from cmr_ssl.planes import SHORT_AXIS, VIEWS
from cmr_ssl.volumes import LabelMap, ends_of_beat, simpson

Array = NDArray[np.float64]


def label_maps(labels: NDArray[np.uint8], affine: Array, view: NDArray[np.int64]) -> dict[str, LabelMap]:
    """Stack the planes of each view.

    Args:
        labels: classes of planes that exist, the short axis in the order of its slices, (P, T, H, W).
        affine: of each plane, pixel (column, row, 0, 1) to mm, (P, 4, 4).
        view: index into ``planes.VIEWS``, (P,).

    Returns:
        Label maps by view; the slice spacing is the commonest distance between neighbouring planes.
    """
    found = {}
    for index in np.unique(view).tolist():
        planes = np.flatnonzero(view == index)
        placed = affine[planes[0]].astype(np.float64).copy()
        if VIEWS[index] == SHORT_AXIS and len(planes) > 1:
            placed[:3, 2] = np.median(np.diff(affine[planes, :3, 3], axis=0), axis=0)
        found[VIEWS[index]] = LabelMap(labels[planes].swapaxes(0, 1), placed)
    return found


def phases(maps: dict[str, LabelMap]) -> dict[int, str]:
    """Return which frame is ED and which ES, by the left ventricle in the short axis; none where it is not seen."""
    stack = maps.get(SHORT_AXIS)
    curve = np.full(1, np.nan) if stack is None else simpson(stack, LV)
    if np.isfinite(curve).sum() < 2 or not np.nansum(curve) > 0:
        return {}
    ed, es = ends_of_beat(curve)
    return {ed: "ED", es: "ES"}
