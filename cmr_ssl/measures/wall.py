"""Regional wall thickness and thickening of the left ventricle in the AHA's segments."""

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.measures.levels import Rings
from cmr_ssl.measures.septum import segments
from cmr_ssl.measures.value import Value, relative, told

Array = NDArray[np.float64]

SEGMENTS = 16  # of the short axis; the 17th is the apex beyond the cavity
NO_SEPTUM = "the insertion points of the RV are not found, so no segment can be told"


def thickness(rings: Rings, septum: float) -> Array:
    """Return the mean wall thickness of segments 1 to 16 in mm, (16,).

    Thickness is the distance between inner and outer contour along rays from the centre of the cavity, in the plane of
    the slice (Kawel et al., Circ Cardiovasc Imaging 2012; 5:500, measure the same perpendicular to the wall); a
    segment's is the mean over its sectors and the slices of its third. Where the wall leans, as at the apex, the short
    axis cuts it obliquely and shows more than there is.

    Args:
        rings: of one phase.
        septum: angle of the mid septum, radians.
    """
    total, count = np.zeros(SEGMENTS + 1), np.zeros(SEGMENTS + 1)
    for ring, level in zip(rings.rings, rings.level, strict=True):
        at = segments(int(level), septum)
        total += np.bincount(at, ring.wall, SEGMENTS + 1)
        count += np.bincount(at, minlength=SEGMENTS + 1)
    return total[1:] / count[1:]


def wall_values(ed: Rings, es: Rings, septum: float, apex: tuple[float, float], apex_why: str) -> list[Value]:
    """Return thickness at ED and ES and thickening, 100 (ES - ED) / ED in percent, of all segments.

    Args:
        ed: rings at end-diastole.
        es: rings at end-systole.
        septum: angle of the mid septum at ED, radians, NaN if unknown.
        apex: thickness of segment 17 at ED and ES, mm.
        apex_why: why that is NaN, if it is.
    """
    lost = "" if np.isfinite(septum) else NO_SEPTUM
    why = (ed.why or lost, es.why or lost)
    walls = [
        np.full(SEGMENTS, np.nan) if said else thickness(one, septum) for one, said in zip((ed, es), why, strict=True)
    ]
    rows: list[Value] = []
    for index in range(SEGMENTS):
        rows += _segment(index + 1, float(walls[0][index]), float(walls[1][index]), why)
    return rows + _segment(SEGMENTS + 1, *apex, (apex_why, apex_why))


def _segment(number: int, ed: float, es: float, why: tuple[str, str]) -> list[Value]:
    name = str(number)
    return [
        told("wall thickness", name, "ED", ed, "mm", why[0]),
        told("wall thickness", name, "ES", es, "mm", why[1]),
        told("wall thickening", name, "ED to ES", relative(ed, es), "%", why[0] or why[1]),
    ]
