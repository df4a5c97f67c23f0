"""One cine a place: of re-acquired slices the complete ones, of these the sharp ones, of these the latest.

What lost is said, with how sharp it was beside the one that was used.
"""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.dicom.cine import Cine
from cmr_ssl.dicom.sharpest_try import sharpness
from cmr_ssl.study import Finding

NEAREST_MM = 1.0  # slices closer than this, or than half their thickness, show the same place
BLURRED = 1 / 1.15  # of the sharpest try; two good tries differ by a few hundredths


def settle_stack(cines: list[Cine], down: NDArray[np.float64]) -> tuple[list[Cine], list[Finding]]:
    """Return one cine a place of a stack, from base to apex.

    Args:
        cines: parallel slices.
        down: direction from base to apex, LPS+, (3,).
    """
    common = Counter(_plane(cine) for cine in cines).most_common(1)[0][0]
    chosen: list[Cine] = []
    findings: list[Finding] = []
    for place in same_places(cines, down):
        best, found = _settled("sa", place, common)
        chosen.append(best)
        findings += found
    return chosen, findings


def settle_plane(view: str, cines: list[Cine]) -> tuple[Cine, list[Finding]]:
    """Return the one cine of a long-axis view, of several tries."""
    return _settled(view, cines, None)


def _settled(view: str, tries: list[Cine], common: tuple[object, ...] | None) -> tuple[Cine, list[Finding]]:
    """Return the best of several tries, and what is to say about the others; those on the common grid go first."""
    if len(tries) == 1:
        return tries[0], []

    sharp = {id(cine): sharpness(cine) for cine in tries}
    ranks = [rank(cine, common) for cine in tries]
    equal = [cine for cine, its in zip(tries, ranks, strict=True) if its == max(ranks)]
    known = [sharp[id(cine)] for cine in equal if not np.isnan(sharp[id(cine)])]
    clear = [cine for cine in equal if not sharp[id(cine)] < BLURRED * max(known, default=0.0)]
    best = max(clear, key=lambda cine: (cine.acquired, cine.series))
    return best, [_lost(view, cine, best, sharp[id(cine)] / sharp[id(best)]) for cine in tries if cine is not best]


def rank(cine: Cine, common: tuple[object, ...] | None) -> tuple[bool, float, bool]:
    """Order cines of one place: as acquired, complete, on the grid of the others; the best is the largest."""
    return not cine.derived, -cine.missing / len(cine.frames), _plane(cine) == common


def height(cine: Cine, direction: NDArray[np.float64]) -> float:
    """Return where the middle of a slice lies along a direction in LPS+, mm."""
    rows, columns, spacing, orientation, position = cine.grid
    along, down = np.array(orientation[:3]) * spacing[1], np.array(orientation[3:]) * spacing[0]
    return float((np.array(position) + along * (columns - 1) / 2 + down * (rows - 1) / 2) @ direction)


def _plane(cine: Cine) -> tuple[object, ...]:
    return cine.grid.rows, cine.grid.columns, cine.grid.spacing, cine.grid.orientation


def same_places(cines: list[Cine], across: NDArray[np.float64]) -> list[list[Cine]]:
    """Group parallel cines by where they lie along the direction across them, LPS+, (3,), in its order."""
    ordered = sorted(cines, key=lambda cine: height(cine, across))
    places = [[ordered[0]]]
    for cine in ordered[1:]:
        first = places[-1][0]
        if height(cine, across) - height(first, across) < max(NEAREST_MM, first.thickness / 2):
            places[-1].append(cine)
        else:
            places.append([cine])
    return places


def _lost(view: str, cine: Cine, better: Cine, sharp: float) -> Finding:
    """Say why a try was not used; the value is how sharp it is, the one that was used being 1."""
    reasons = {
        "complete": better.missing < cine.missing,
        "sharper": sharp < BLURRED,
        "later": better.acquired > cine.acquired,
    }
    why = next((reason for reason, holds in reasons.items() if holds), "better")
    value = None if np.isnan(sharp) else sharp
    measured = "" if value is None else f" (this one has {value:.2f} of its sharpness)"
    apart = abs(height(cine, better.normal) - height(better, better.normal))
    where = "the same place" if apart < max(NEAREST_MM, better.thickness / 2) else f"a place {apart:.0f} mm away"
    message = f"{cine.name} was acquired again at {where}; the {why} one was used{measured}"
    return Finding("re-acquired", "noted", view, message, value)
