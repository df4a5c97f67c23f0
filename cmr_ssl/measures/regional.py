"""Everything regional that is measured of one heart, as lines of the long table."""

import numpy as np

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
OTHER_FRAMES = "{view} has {count} frames, the short axis {needed}: which are ED and ES is unknown"


def regional(maps: dict[str, LabelMap], measured: Measured, frame_ms: float, unsure: str = "") -> list[Value]:
    """Measure wall, strain, long-axis motion and rates of one heart.

    Args:
        maps: label maps by view; any may be missing.
        measured: volumes of the same maps, without those that cannot be believed; they give ED and ES.
        frame_ms: time between frames, NaN if unknown.
        unsure: why the short axis does not say where the heart's base and right side are, if so.
    """
    lost = measured.reasons.get(EDV, "")
    lv = None if lost else measured.curves.get("LV")
    ed, es = (0, 0) if lv is None else ends_of_beat(lv)
    at = {view: _at(maps.get(view), None if lv is None else (ed, es, len(lv))) for view in (TWO_CHAMBER, FOUR_CHAMBER)}
    why = {view: lost or _other_frames(maps.get(view), view, lv) for view in at}
    rates = rate_values(lv, frame_ms, measured.values[EDV], lost)
    rates += emptying_values(measured.curves.get("LA"), frame_ms, measured.reasons.get(LARGEST_LA, ""))
    return [*_short_axis(maps, measured, (ed, es), at, lost or unsure), *long_axis_values(at, why), *rates]


def _short_axis(
    maps: dict[str, LabelMap],
    measured: Measured,
    ends: tuple[int, int],
    long_axes: dict[str, LabelMap | None],
    unsure: str,
) -> list[Value]:
    why = unsure or measured.reasons.get(MASS, "")
    stack = maps.get(SHORT_AXIS)
    if stack is None or why:
        nothing = Rings([], _NONE, _NONE, np.eye(2), 0, why or "there is no usable short-axis label map")
        ed = es = nothing
        septum = float("nan")
    else:
        ed, es = (rings_at(stack, frame) for frame in ends)
        septum = mid_septum(stack, ed)
    apex, apex_why = apical_thickness(long_axes)
    return [*wall_values(ed, es, septum, apex, apex_why), *strain_values(ed, es)]


_NONE = np.zeros(0, dtype=np.intp)


def _at(view: LabelMap | None, beat: tuple[int, int, int] | None) -> LabelMap | None:
    """Return a long-axis map at ED and ES alone, None where they are not known or not labelled."""
    if view is None or beat is None or len(view.labels) != beat[2] or view.labels.shape[1] != 1:
        return None
    labels = view.labels[[*beat[:2]]]
    return None if (labels == UNLABELLED).any() else LabelMap(labels, view.affine)


def _other_frames(view: LabelMap | None, name: str, lv: np.ndarray | None) -> str:
    if view is not None and lv is not None and len(view.labels) != len(lv):
        return OTHER_FRAMES.format(view=name, count=len(view.labels), needed=len(lv))
    return "" if view is not None else NOT_DRAWN.format(view=name)
