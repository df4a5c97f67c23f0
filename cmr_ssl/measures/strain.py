"""Circumferential and radial strain of the left ventricle between end-diastole and end-systole, from contours.

A slice is compared with itself: it stays where it is while muscle moves through it, as in feature tracking on
short-axis cines. Basal slices that have left the ventricle at ES are left out.
"""

from collections.abc import Callable

import numpy as np

from cmr_ssl.measures.levels import LEVELS, Rings
from cmr_ssl.measures.rings import Ring, length
from cmr_ssl.measures.value import Value, relative, told


def endocardial(ring: Ring) -> float:
    """Return the length of the inner contour in mm."""
    return length(ring.endo)


def mid_wall(ring: Ring) -> float:
    """Return the length in mm of the contour halfway between the inner and the outer one."""
    return length((ring.endo + ring.epi) / 2)


def mean_wall(ring: Ring) -> float:
    """Return the mean wall thickness in mm."""
    return float(ring.wall.mean())


# Lagrangian strain 100 (ES - ED) / ED of these lengths, in percent: negative where the contour shortens. Of a whole
# contour, at end-systole: Voigt et al., Eur Heart J Cardiovasc Imaging 2015; 16:1.
STRAINS: dict[str, Callable[[Ring], float]] = {
    "circumferential strain, endocardial": endocardial,
    "circumferential strain, mid-wall": mid_wall,
    "radial strain": mean_wall,
}


def strain_values(ed: Rings, es: Rings) -> list[Value]:
    """Return strains by level, and global ones as the mean over all slices; levels are those of ED."""
    why = ed.why or es.why
    rows: list[Value] = []
    for name, size in STRAINS.items():
        slices = [] if why else _strains(ed, es, size)
        for level in (*reversed(LEVELS), "global"):
            chosen = [value for at, value in slices if level in (LEVELS[at], "global")]
            none = why or f"no {level} slice shows a closed ring at both ED and ES"
            rows.append(told(name, level, "ES", float(np.mean(chosen)) if chosen else np.nan, "%", none))
    return rows


def _strains(ed: Rings, es: Rings, size: Callable[[Ring], float]) -> list[tuple[int, float]]:
    """Return level and strain of every slice with a closed ring at both phases."""
    later = dict(zip(es.slices.tolist(), es.rings, strict=True))
    return [
        (int(level), relative(size(ring), size(later[at])))
        for ring, at, level in zip(ed.rings, ed.slices.tolist(), ed.level, strict=True)
        if at in later
    ]
