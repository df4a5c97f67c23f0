"""Which slices of a short-axis stack are basal, mid and apical at one phase of the beat."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.measures.rings import Ring, in_plane, ring
from cmr_ssl.volumes import LabelMap, apex_to_base

Array = NDArray[np.float64]

LEVELS = ("apical", "mid", "basal")
FEWEST_RINGS = 3  # one slice a level


class Rings(NamedTuple):
    """The R closed rings of a stack at one frame, from apex to base."""

    rings: list[Ring]  # R rings
    slices: NDArray[np.intp]  # index of each in the stack, (R,)
    level: NDArray[np.intp]  # index of each into `LEVELS`, (R,)
    grid: Array  # map from pixel steps to mm, see `rings.in_plane`
    frame: int  # index of the frame
    reason: str = ""  # why the levels are unknown; empty where they are known


def rings_at(stack: LabelMap, frame: int) -> Rings:
    """Return the closed rings of the short axis at a frame; ring k of R from the apex has level floor(3 (k + 1/2) / R).

    These are equal thirds perpendicular to the long axis (Cerqueira et al., Circulation 2002; 105:539), from where the
    wall surrounds the cavity to where the cavity ends. Each phase has its own thirds, because the base descends through
    the slices: one that is basal at ED may lie in the atrium at ES.
    """
    to_base = apex_to_base(stack)
    grid = in_plane(stack.affine, to_base)
    contours = ((index, ring(image, grid)) for index, image in enumerate(stack.labels[frame]))
    closed = [(index, contour) for index, contour in contours if contour is not None and contour.closed]
    if stack.affine[:3, 2] @ to_base <= 0:
        closed.reverse()
    slices = np.array([index for index, _ in closed], dtype=np.intp)
    rings = [contour for _, contour in closed]
    level = (len(LEVELS) * (np.arange(len(rings)) + 0.5) / max(len(rings), 1)).astype(np.intp)
    return Rings(rings, slices, level, grid, frame, _ambiguity(rings, slices))


def _ambiguity(rings: list[Ring], slices: NDArray[np.intp]) -> str:
    """Return why rings cannot be divided into levels, or an empty text."""
    if len(rings) < FEWEST_RINGS:
        return f"a closed ring of myocardium shows on {len(rings)} short-axis slices; thirds need {FEWEST_RINGS}"
    if (np.abs(np.diff(slices)) > 1).any():
        return "between slices with a closed ring of myocardium lies one without"
    half = len(rings) // 2
    radii = [ring.epi.mean() for ring in rings]
    if np.mean(radii[:half]) > np.mean(radii[-half:]):
        return "the ventricle grows towards what its orientation calls the apex, so base and apex are in doubt"
    return ""
