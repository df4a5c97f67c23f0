"""Everything regional that is measured of one heart, as lines of the long table."""

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import UNLABELLED
from cmr_ssl.measures.levels import Rings, rings_at
from cmr_ssl.measures.rates import emptying_values, rate_values
from cmr_ssl.measures.septum import mid_septum
from cmr_ssl.measures.strain import strain_values
from cmr_ssl.measures.value import Value
from cmr_ssl.measures.valves import NOT_DRAWN, apical_thickness, long_axis_values
from cmr_ssl.measures.wall import wall_values
from cmr_ssl.planes import SHORT_AXIS
from cmr_ssl.volumes import FOUR_CHAMBER, TWO_CHAMBER, LabelMap, Measured, ends_of_beat

EDV, MASS, LARGEST_LA = "LVEDV (mL)", "LVM (g)", "LAV max (mL)"
NO_SLICES = np.zeros(0, dtype=np.intp)


def regional(maps: dict[str, LabelMap], measured: Measured, frame_ms: float, unsure: str = "") -> list[Value]:
    """Measure wall, strain, long-axis motion and rates of one heart.

    Args:
        maps: label maps by view; any may be missing.
        measured: volumes of the same maps, without doubtful ones; they give ED and ES.
        frame_ms: time between frames, NaN if unknown.
        unsure: why base and right side of the heart are unknown in the short axis, if they are.
    """
    no_beat = measured.reasons.get(EDV, "")
    lv = None if no_beat else measured.curves.get("LV")
    ends = (0, 0) if lv is None else ends_of_beat(lv)
    views, reasons = {}, {}
    for view in (TWO_CHAMBER, FOUR_CHAMBER):
        label_map = maps.get(view)
        views[view] = None if label_map is None or lv is None else _at_ends(label_map, ends, len(lv))
        reasons[view] = no_beat or _missing(label_map, view, lv)
    rates = rate_values(lv, frame_ms, measured.values[EDV], no_beat)
    rates += emptying_values(measured.curves.get("LA"), frame_ms, measured.reasons.get(LARGEST_LA, ""))
    no_short_axis = no_beat or unsure or measured.reasons.get(MASS, "")
    walls = _short_axis(maps.get(SHORT_AXIS), ends, apical_thickness(views), no_short_axis)
    return [*walls, *long_axis_values(views, reasons), *rates]


def _short_axis(
    stack: LabelMap | None, ends: tuple[int, int], apex: tuple[tuple[float, float], str], reason: str
) -> list[Value]:
    """Return wall and strain values, each with the reason if there is no usable stack."""
    if stack is None or reason:
        reason = reason or "there is no usable short-axis label map"
        ed = es = Rings([], NO_SLICES, NO_SLICES, np.eye(2), 0, reason)
        septum = float("nan")
    else:
        ed, es = (rings_at(stack, frame) for frame in ends)
        septum = mid_septum(stack, ed)
    return [*wall_values(ed, es, septum, *apex), *strain_values(ed, es)]


def _at_ends(view: LabelMap, ends: tuple[int, int], frames: int) -> LabelMap | None:
    """Return a long-axis map at ED and ES, None where it has other frames, several planes or is not labelled there."""
    if len(view.labels) != frames or view.labels.shape[1] != 1:
        return None
    labels = view.labels[[*ends]]
    return None if (labels == UNLABELLED).any() else LabelMap(labels, view.affine)


def _missing(view: LabelMap | None, name: str, lv: NDArray[np.float64] | None) -> str:
    """Return why a view cannot be measured at ED and ES, or an empty text."""
    if view is None:
        return NOT_DRAWN.format(view=name)
    if lv is None or len(view.labels) == len(lv):
        return ""
    return f"{name} has {len(view.labels)} frames, the short axis {len(lv)}: which are ED and ES is unknown"
