"""Regional wall thickness and thickening of the left ventricle in the AHA's segments."""

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.measures.levels import Rings
from cmr_ssl.measures.septum import segments
from cmr_ssl.measures.value import Value, relative, value_or_reason

Array = NDArray[np.float64]

SEGMENTS = 16  # of the short axis; the 17th is the apex beyond the cavity
NO_SEPTUM = "the insertion points of the RV are not found, so no segment can be told"


def thickness(rings: Rings, septum: float) -> Array:
    """Return the mean wall thickness of segments 1 to 16 in mm, (16,).

    Thickness is the distance between inner and outer contour along rays from the centre of the cavity, in the plane of
    the slice (Kawel et al., Circ Cardiovasc Imaging 2012; 5:500, measure the same perpendicular to the wall), averaged
    over the sectors and slices of a segment. Near the apex the slices cut the wall obliquely and overestimate it.

    Args:
        rings: of one phase.
        septum: angle of the mid septum, radians.
    """
    total, count = np.zeros(SEGMENTS + 1), np.zeros(SEGMENTS + 1)
    for ring, level in zip(rings.rings, rings.level, strict=True):
        segment = segments(int(level), septum)
        total += np.bincount(segment, ring.wall, SEGMENTS + 1)
        count += np.bincount(segment, minlength=SEGMENTS + 1)
    return total[1:] / count[1:]


def wall_values(ed: Rings, es: Rings, septum: float, apex: tuple[float, float], apex_reason: str) -> list[Value]:
    """Return thickness at ED and ES and thickening, 100 (ES - ED) / ED in percent, of all segments.

    Args:
        ed: rings at end-diastole.
        es: rings at end-systole.
        septum: angle of the mid septum at ED, radians, NaN if unknown.
        apex: thickness of segment 17 at ED and ES, mm.
        apex_reason: why that is NaN, if it is.
    """
    no_septum = "" if np.isfinite(septum) else NO_SEPTUM
    reasons = (ed.reason or no_septum, es.reason or no_septum)
    walls = [
        np.full(SEGMENTS, np.nan) if reason else thickness(rings, septum)
        for rings, reason in zip((ed, es), reasons, strict=True)
    ]
    values: list[Value] = []
    for number, (before, after) in enumerate(zip(*walls, strict=True), start=1):
        values += _segment(number, before, after, reasons)
    return values + _segment(SEGMENTS + 1, *apex, (apex_reason, apex_reason))


def _segment(number: int, ed: float, es: float, reasons: tuple[str, str]) -> list[Value]:
    name = str(number)
    return [
        value_or_reason("wall thickness", name, "ED", ed, "mm", reasons[0]),
        value_or_reason("wall thickness", name, "ES", es, "mm", reasons[1]),
        value_or_reason("wall thickening", name, "ED to ES", relative(ed, es), "%", reasons[0] or reasons[1]),
    ]
