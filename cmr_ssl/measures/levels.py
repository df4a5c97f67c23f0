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
    """The closed rings of a stack at one frame, from apex to base.

    Attributes:
        rings: the rings.
        slices: index of each in the stack, (R,).
        level: index into `LEVELS` of each, (R,).
        grid: of their pixels, see `rings.in_plane`.
        frame: of the stack.
        why: why no level can be told; empty where it can.
    """

    rings: list[Ring]
    slices: NDArray[np.intp]
    level: NDArray[np.intp]
    grid: Array
    frame: int
    why: str = ""


def rings_at(stack: LabelMap, frame: int) -> Rings:
    """Return the closed rings of the short axis at a frame, in thirds of their extent from apex to base.

    The thirds are taken anew at every phase, for the base descends while slices stay where they are: a slice that is
    basal at ED may lie in the atrium at ES. (Cerqueira et al., Circulation 2002; 105:539: equal thirds perpendicular to
    the long axis. The basal third starts where the wall surrounds the cavity, the apical one ends where the cavity
    does.)
    """
    to_base = apex_to_base(stack)
    grid = in_plane(stack.affine, to_base)
    found = [ring(image, grid) for image in stack.labels[frame]]
    order = np.arange(len(found))[:: 1 if stack.affine[:3, 2] @ to_base > 0 else -1]
    slices = np.array([index for index in order if (one := found[index]) is not None and one.closed], dtype=np.intp)
    closed = [one for index in slices if (one := found[index]) is not None]
    level = (len(LEVELS) * (np.arange(len(slices)) + 0.5) / max(len(slices), 1)).astype(np.intp)
    return Rings(closed, slices, level, grid, frame, _doubt(closed, slices))


def _doubt(rings: list[Ring], slices: NDArray[np.intp]) -> str:
    if len(rings) < FEWEST_RINGS:
        return f"a closed ring of myocardium shows on {len(rings)} short-axis slices; thirds need {FEWEST_RINGS}"
    if (np.abs(np.diff(slices)) > 1).any():
        return "between slices with a closed ring of myocardium lies one without"
    half = len(rings) // 2
    sizes = [float(np.mean(one.epi)) for one in rings]
    if np.mean(sizes[:half]) > np.mean(sizes[-half:]):
        return "the ventricle grows towards what its orientation calls the apex, so base and apex are in doubt"
    return ""
