"""Insertion points of the right ventricle, from which AHA segments are counted."""

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
    """Angles of the insertion points in one image, radians, on the axes of `rings.in_plane`."""

    inferior: float  # start of the septum
    anterior: float  # its end, larger than `inferior`, perhaps beyond 2 pi


def insertion(labels: NDArray[np.uint8], ring: Ring, grid: Array) -> Insertion | None:
    """Return the RV insertion points in classes (Y, X): the ends of the longest arc of wall with the RV behind it.

    `grid` is that of `rings.in_plane`. None where the arc is not one of 40 to 230 degrees, so no septum.
    """
    angle, radius = polar(labels == RV, ring.centre, grid)
    sectors = sector(angle)
    near = radius - ring.epi[sectors] < TOUCHING_PIXELS * np.sqrt(abs(np.linalg.det(grid)))
    counts = np.bincount(sectors[near], minlength=SECTORS)
    touched = counts > (np.median(counts[counts > 0]) / 2 if near.any() else 0)  # over half of the sector's width
    first, count = _longest_arc(touched)
    if not LEAST <= count * WIDTH <= MOST:
        return None
    return Insertion(float(first * WIDTH), float((first + count) * WIDTH))


def mid_septum(stack: LabelMap, rings: Rings) -> float:
    """Return the angle halfway between the insertion points, radians; NaN where there are none.

    It is the circular mean over the mid slices, or over all slices where those have no insertion points: near the base
    the outflow tract embraces the LV beyond the septum, near the apex the RV ends.
    """
    images = stack.labels[rings.frame][rings.slices]
    points = [insertion(image, ring, rings.grid) for image, ring in zip(images, rings.rings, strict=True)]
    angles = np.array([np.nan if pair is None else (pair.inferior + pair.anterior) / 2 for pair in points])
    known = np.isfinite(angles)
    mid = known & (rings.level == LEVELS.index("mid"))
    chosen = angles[mid if mid.any() else known]
    return float(np.angle(np.exp(1j * chosen).mean())) if len(chosen) else float("nan")


def segments(level: int, septum: float) -> NDArray[np.intp]:
    """Return the AHA segment, 1 to 16, of every sector of a level, (SECTORS,).

    Segments are counted from the mid septum, where the anteroseptal and the inferoseptal one meet, 60 degrees each (90
    in the apical third), towards the anterior wall (Cerqueira et al., Circulation 2002; 105:539).

    Args:
        level: index into `levels.LEVELS`.
        septum: angle of the mid septum, radians.
    """
    offset = (MIDDLES - septum) % (2 * np.pi)
    if LEVELS[level] == "apical":
        return _APICAL[((offset + np.pi / 4) / (np.pi / 2)).astype(np.intp) % 4]
    return _RING[(offset / (np.pi / 3)).astype(np.intp) % 6] + (6 if LEVELS[level] == "mid" else 0)


_RING = np.array([2, 1, 6, 5, 4, 3], dtype=np.intp)
_APICAL = np.array([14, 13, 16, 15], dtype=np.intp)


def _longest_arc(touched: NDArray[np.bool_]) -> tuple[int, int]:
    """Return first sector and length of the longest cyclic run of True; one missing sector does not end it."""
    closed = touched | (np.roll(touched, 1) & np.roll(touched, -1))
    if closed.all() or not closed.any():
        return 0, int(closed.sum())
    start = int(np.argmin(closed))  # no run crosses it
    steps = np.diff(np.roll(closed, -start).astype(int), prepend=0, append=0)
    first, lengths = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1) - np.flatnonzero(steps == 1)
    longest = int(lengths.argmax())
    return start + int(first[longest]), int(lengths[longest])
