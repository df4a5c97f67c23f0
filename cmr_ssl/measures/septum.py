"""Where the right ventricle is attached to the left one: the points from which AHA segments are counted."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import RV
from cmr_ssl.measures.levels import LEVELS, Rings
from cmr_ssl.measures.rings import MIDDLES, SECTORS, WIDTH, Ring, polar, sector
from cmr_ssl.volumes import LabelMap

Array = NDArray[np.float64]

TOUCHING_PIXELS = 1.5  # between wall and blood of the RV
LEAST, MOST = np.deg2rad(40.0), np.deg2rad(230.0)  # of the angle between the insertion points


class Insertion(NamedTuple):
    """Angles of the insertion points in one image, radians, seen as `rings.in_plane` has it.

    Attributes:
        inferior: where the septum begins.
        anterior: where it ends, larger than `inferior`, perhaps beyond 2 pi.
    """

    inferior: float
    anterior: float


def insertion(labels: NDArray[np.uint8], ring: Ring, grid: Array) -> Insertion | None:
    """Return the RV insertion points of one image: the ends of the longest arc of wall with the RV behind it.

    Args:
        labels: classes (Y, X).
        ring: of the image.
        grid: of its pixels.

    Returns:
        None where the arc is no septum: 40 to 230 degrees.
    """
    angle, radius = polar(labels == RV, ring.centre, grid)
    at = sector(angle)
    near = radius - ring.epi[at] < TOUCHING_PIXELS * np.sqrt(abs(np.linalg.det(grid)))
    count_near = np.bincount(at[near], minlength=SECTORS)
    touched = count_near > np.median(count_near[count_near > 0]) / 2 if near.any() else count_near > 0  # half a sector
    first, count = _longest_arc(touched)
    if not LEAST <= count * WIDTH <= MOST:
        return None
    return Insertion(float(first * WIDTH), float((first + count) * WIDTH))


def mid_septum(stack: LabelMap, rings: Rings) -> float:
    """Return the angle halfway between the insertion points, radians; NaN where they are not found.

    It is the mean over the mid slices, or over all where those show none: near the base the outflow tract embraces the
    LV beyond the septum, near the apex the RV ends.
    """
    images = stack.labels[rings.frame]
    found = [insertion(images[at], one, rings.grid) for one, at in zip(rings.rings, rings.slices, strict=True)]
    middles = np.array([np.nan if one is None else (one.inferior + one.anterior) / 2 for one in found])
    there = np.isfinite(middles)
    mid = there & (rings.level == LEVELS.index("mid"))
    chosen = middles[mid if mid.any() else there]
    return float(np.angle(np.exp(1j * chosen).mean())) if len(chosen) else float("nan")


def segments(level: int, septum: float) -> NDArray[np.intp]:
    """Return the AHA segment, 1 to 16, of every sector of a level, (SECTORS,).

    Segments are counted from the mid septum, where the anteroseptal and the inferoseptal one meet, 60 degrees each (90
    in the apical third), towards the anterior wall (Cerqueira et al., Circulation 2002; 105:539).

    Args:
        level: index into `levels.LEVELS`.
        septum: angle of the mid septum, radians.
    """
    away = (MIDDLES - septum) % (2 * np.pi)
    if LEVELS[level] == "apical":
        return _APICAL[((away + np.pi / 4) / (np.pi / 2)).astype(np.intp) % 4]
    return _RING[(away / (np.pi / 3)).astype(np.intp) % 6] + (6 if LEVELS[level] == "mid" else 0)


_RING = np.array([2, 1, 6, 5, 4, 3], dtype=np.intp)
_APICAL = np.array([14, 13, 16, 15], dtype=np.intp)


def _longest_arc(touched: NDArray[np.bool_]) -> tuple[int, int]:
    """Return first sector and length of the longest cyclic run of True; one missing sector does not end it."""
    closed = touched | (np.roll(touched, 1) & np.roll(touched, -1))
    if closed.all() or not closed.any():
        return 0, int(closed.sum())
    start = int(np.flatnonzero(~closed)[0])
    steps = np.diff(np.concatenate([[0], np.roll(closed, -start).astype(int), [0]]))
    first, last = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    longest = int(np.argmax(last - first))
    return start + int(first[longest]), int((last - first)[longest])
