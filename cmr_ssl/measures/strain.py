"""Circumferential and radial strain of the left ventricle between end-diastole and end-systole, from contours.

Each slice is compared with itself, though muscle moves through it, as in feature tracking on short-axis cines. Basal
slices that are outside the ventricle at ES are left out.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.measures.levels import LEVELS, Rings
from cmr_ssl.measures.rings import Ring, length
from cmr_ssl.measures.value import Value, relative, value_or_reason

# Strain is 100 (L_ES - L_ED) / L_ED percent of these lengths L in mm, negative where the contour shortens. Of a whole
# contour, at end-systole: Voigt et al., Eur Heart J Cardiovasc Imaging 2015; 16:1.
STRAINS: dict[str, Callable[[Ring], float]] = {
    "circumferential strain, endocardial": lambda ring: length(ring.endo),
    "circumferential strain, mid-wall": lambda ring: length((ring.endo + ring.epi) / 2),
    "radial strain": lambda ring: float(ring.wall.mean()),
}


def strain_values(ed: Rings, es: Rings) -> list[Value]:
    """Return strains by level at ED, and global ones as the mean over all slices."""
    reason = ed.reason or es.reason
    values: list[Value] = []
    for name, size in STRAINS.items():
        levels, strains = _strains(ed, es, size)
        for level in (*reversed(LEVELS), "global"):
            chosen = strains if level == "global" else strains[levels == LEVELS.index(level)]
            mean = chosen.mean() if len(chosen) and not reason else np.nan
            no_slice = f"no {level} slice shows a closed ring at both ED and ES"
            values.append(value_or_reason(name, level, "ES", mean, "%", reason or no_slice))
    return values


def _strains(ed: Rings, es: Rings, size: Callable[[Ring], float]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return level and strain of the slices with a closed ring at both phases, each (S,)."""
    _, at_ed, at_es = np.intersect1d(ed.slices, es.slices, return_indices=True)
    pairs = [(ed.rings[i], es.rings[j]) for i, j in zip(at_ed, at_es, strict=True)]
    return ed.level[at_ed], np.array([relative(size(before), size(after)) for before, after in pairs])
