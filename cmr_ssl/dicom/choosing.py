"""One cine a place: re-acquired slices are settled, complete ones before later ones, and what lost is said."""

from collections import Counter

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.data.study import Finding
from cmr_ssl.dicom.cine import Cine

NEAREST_MM = 1.0  # slices closer than this, or than half their thickness, show the same place


def settle_stack(cines: list[Cine], down: NDArray[np.float64]) -> tuple[list[Cine], list[Finding]]:
    """Return one cine a place of a stack, from base to apex.

    Args:
        cines: parallel slices.
        down: direction from base to apex, LPS+, (3,).
    """
    common = Counter(_plane(cine) for cine in cines).most_common(1)[0][0]
    chosen: list[Cine] = []
    findings: list[Finding] = []
    for place in _same_places(cines, down):
        ranked = sorted(place, key=lambda cine: rank(cine, fits=_plane(cine) == common))
        chosen.append(ranked[-1])
        findings += [_lost("sa", cine, ranked[-1]) for cine in ranked[:-1]]
    return chosen, findings


def settle_plane(view: str, cines: list[Cine]) -> tuple[Cine, list[Finding]]:
    """Return the one cine of a long-axis view."""
    ranked = sorted(cines, key=rank)
    return ranked[-1], [_lost(view, cine, ranked[-1]) for cine in ranked[:-1]]


def rank(cine: Cine, fits: bool = True) -> tuple[bool, float, bool, str, str]:
    """Order cines of one place: as acquired, complete, on the grid of the others, the latest; the best comes last."""
    return not cine.derived, -cine.missing / len(cine.frames), fits, cine.acquired, cine.series


def height(cine: Cine, direction: NDArray[np.float64]) -> float:
    """Return where the middle of a slice lies along a direction in LPS+, mm."""
    rows, columns, spacing, orientation, position = cine.grid
    along, down = np.array(orientation[:3]) * spacing[1], np.array(orientation[3:]) * spacing[0]
    return float((np.array(position) + along * (columns - 1) / 2 + down * (rows - 1) / 2) @ direction)


def _plane(cine: Cine) -> tuple[object, ...]:
    return cine.grid.rows, cine.grid.columns, cine.grid.spacing, cine.grid.orientation


def _same_places(cines: list[Cine], down: NDArray[np.float64]) -> list[list[Cine]]:
    ordered = sorted(cines, key=lambda cine: height(cine, down))
    places = [[ordered[0]]]
    for cine in ordered[1:]:
        first = places[-1][0]
        if height(cine, down) - height(first, down) < max(NEAREST_MM, first.thickness / 2):
            places[-1].append(cine)
        else:
            places.append([cine])
    return places


def _lost(view: str, cine: Cine, better: Cine) -> Finding:
    why = "complete" if better.missing < cine.missing else "later" if better.acquired > cine.acquired else "better"
    message = f"{cine.name} was acquired again at the same place; the {why} one was used"
    return Finding("re-acquired", "noted", view, message, cine.missing)
