"""Where a valve lies in a long-axis plane, and how it and the apex move: long-axis shortening, MAPSE and TAPSE."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cmr_ssl.anatomy import CLASSES, LA, LV, MYOCARDIUM, RA, RV
from cmr_ssl.measures.rings import largest
from cmr_ssl.measures.value import Value, relative, told
from cmr_ssl.planes import spacing, unit
from cmr_ssl.volumes import FOUR_CHAMBER, TWO_CHAMBER, LabelMap

Array = NDArray[np.float64]
Labels = NDArray[np.uint8]

TOUCHING_PIXELS = 2.5  # between ventricle and atrium: a valve may be left out between them
FEWEST_PIXELS = 3  # of each that touch the other
NO_WALL_MM = 0.1  # what is thinner is none
NOT_DRAWN = "there is no usable label map of {view} at both ED and ES"
NO_VALVE = "{ventricle} and {atrium} are not drawn side by side in {view} at ED and ES, so the valve plane is unknown"
NO_APEX = "no myocardium covers the apex of the cavity in {view} at ED and ES"
AT_EDGE = "the {ventricle} reaches the edge of {view}, so part of it may be missing"


class Axis(NamedTuple):
    """The left ventricle in one image, on axes of millimetres in the plane.

    Attributes:
        valve: centre of the mitral valve plane, (2,).
        tip: end of the cavity, (2,).
        outer: end of the wall beyond it, along the same line, (2,).
    """

    valve: Array
    tip: Array
    outer: Array


def valve(labels: Labels, ventricle: int, atrium: int, steps: Array) -> Array | None:
    """Return the points of a valve plane in mm, (N, 2): where ventricle and atrium touch, halfway between both.

    Args:
        labels: classes (Y, X).
        ventricle: class.
        atrium: class.
        steps: size of a pixel, (column, row), mm.

    Returns:
        None where they do not touch, or the ventricle is cut off.
    """
    one, other = largest(labels == ventricle), largest(labels == atrium)
    if not one.any() or not other.any() or _at_edge(one):
        return None
    away, where = ndimage.distance_transform_edt(~other, return_indices=True)
    row, column = np.nonzero(one & (away < TOUCHING_PIXELS))
    if len(row) < FEWEST_PIXELS:
        return None
    facing = where[:, row, column]
    return np.asarray(np.stack([column + facing[1], row + facing[0]], axis=1) / 2 * steps)


def long_axis(labels: Labels, steps: Array) -> Axis | None:
    """Return the long axis of the LV in one image: from the middle of the mitral valve to the farthest cavity.

    Returns:
        None where the LV does not touch the LA.
    """
    plane = valve(labels, LV, LA, steps)
    if plane is None:
        return None
    middle = plane.mean(axis=0)
    cavity = _points(largest(labels == LV), steps)
    away = unit(cavity.mean(axis=0) - middle)
    tip_mm = _reach(cavity - middle, away, steps)
    both = _points(largest((labels == LV) | (labels == MYOCARDIUM)), steps)
    outer_mm = _reach(both - middle, away, steps)
    return Axis(middle, middle + tip_mm * away, middle + outer_mm * away)


def shortening(ed: Axis, es: Axis) -> float:
    """Return long-axis strain, 100 (L_ES - L_ED) / L_ED in percent, negative where the ventricle shortens.

    L reaches from the middle of the mitral valve to the outer border of the apex (Riffel et al., J Cardiovasc Magn
    Reson 2015; 17:69, LAS-epi/mid); NaN where no wall covers the apex.
    """
    if any(np.linalg.norm(one.outer - one.tip) < NO_WALL_MM for one in (ed, es)):
        return float("nan")
    return relative(*(float(np.linalg.norm(one.outer - one.valve)) for one in (ed, es)))


def excursion(ed: Axis, es: Axis) -> float:
    """Return how far the middle of the mitral valve moves towards the apex between ED and ES, mm (MAPSE).

    Source: Rangarajan et al., J Cardiovasc Magn Reson 2016; 18:37 (there of single hinge points).
    """
    return float((es.valve - ed.valve) @ unit(ed.tip - ed.valve))


def tricuspid_excursion(labels: Labels, steps: Array) -> float:
    """Return how far the tricuspid annulus moves towards the apex between ED and ES, mm (TAPSE); NaN where unseen.

    It is the motion along the LV's long axis of the third of the valve plane that is farthest from the LV, where the
    free wall is attached (Rudski et al., J Am Soc Echocardiogr 2010; 23:685, by ultrasound).

    Args:
        labels: four-chamber view at ED and ES, (2, Y, X).
        steps: size of a pixel, (column, row), mm.
    """
    axis = long_axis(labels[0], steps)
    planes = [valve(image, RV, RA, steps) for image in labels]
    if axis is None or planes[0] is None or planes[1] is None:
        return float("nan")
    lateral = [_far_third(plane, axis) for plane in planes if plane is not None]
    return float((lateral[1] - lateral[0]) @ unit(axis.tip - axis.valve))


def long_axis_values(views: dict[str, LabelMap | None], reasons: dict[str, str]) -> list[Value]:
    """Return shortening and MAPSE of the 2- and 4-chamber view and of both, and TAPSE of the latter.

    Args:
        views: label maps by view with two frames, ED and ES; None without a usable one.
        reasons: view to why there is none.
    """
    rows: list[Value] = []
    found: dict[str, list[float]] = {"long-axis strain": [], "MAPSE": []}
    for view in (TWO_CHAMBER, FOUR_CHAMBER):
        pair = _pair(views.get(view))
        why = reasons.get(view) or _why(views.get(view), view, LV, LA)
        values = (np.nan, np.nan) if pair is None else (shortening(*pair), excursion(*pair))
        for (name, collected), value, unit_, phase in zip(found.items(), values, ("%", "mm"), _PHASES, strict=True):
            rows.append(told(name, view, phase, value, unit_, why))
            collected.append(value)
    for (name, collected), unit_, phase in zip(found.items(), ("%", "mm"), _PHASES, strict=True):
        both = f"needs both {TWO_CHAMBER} and {FOUR_CHAMBER}, and one of them cannot be measured"
        rows.append(told(name, "global", phase, float(np.mean(collected)), unit_, both))
    four = views.get(FOUR_CHAMBER)
    tapse = np.nan if four is None else tricuspid_excursion(four.labels[:, 0], spacing(four.affine))
    why = reasons.get(FOUR_CHAMBER) or _why(four, FOUR_CHAMBER, RV, RA)
    return [*rows, told("TAPSE", FOUR_CHAMBER, "ED to ES", tapse, "mm", why)]


_PHASES = ("ES", "ED to ES")


def apical_thickness(views: dict[str, LabelMap | None]) -> tuple[tuple[float, float], str]:
    """Return the wall of segment 17, the apex beyond the cavity, at ED and ES in mm, and why not where it is NaN.

    It is the distance along the long axis from the end of the cavity to the end of the wall, the mean of the 2- and the
    4-chamber view or the one there is (segment 17: Cerqueira et al., Circulation 2002; 105:539). The short axis cannot
    show it: it cuts the cap along its surface.
    """
    pairs = [pair for view in (TWO_CHAMBER, FOUR_CHAMBER) if (pair := _pair(views.get(view))) is not None]
    walls = [[float(np.linalg.norm(one.outer - one.tip)) for one in pair] for pair in pairs]
    whole = [wall for wall in walls if min(wall) > NO_WALL_MM]
    if not whole:
        return (np.nan, np.nan), "the apex shows its wall in no long-axis label map with LV, myocardium and LA"
    ed, es = np.mean(whole, axis=0)
    return (float(ed), float(es)), ""


def _pair(view: LabelMap | None) -> tuple[Axis, Axis] | None:
    if view is None:
        return None
    steps = spacing(view.affine)
    ed, es = (long_axis(image, steps) for image in view.labels[:, 0])
    return None if ed is None or es is None else (ed, es)


def _why(view: LabelMap | None, name: str, ventricle: int, atrium: int) -> str:
    if view is None:
        return NOT_DRAWN.format(view=name)
    if ventricle == LV and _pair(view) is not None:
        return NO_APEX.format(view=name)
    if any(_at_edge(largest(image == ventricle)) for image in view.labels[:, 0]):
        return AT_EDGE.format(ventricle=CLASSES[ventricle], view=name)
    return NO_VALVE.format(ventricle=CLASSES[ventricle], atrium=CLASSES[atrium], view=name)


def _at_edge(mask: NDArray[np.bool_]) -> bool:
    return bool(mask[[0, -1]].any() or mask[:, [0, -1]].any())


def _points(mask: NDArray[np.bool_], steps: Array) -> Array:
    return np.asarray(np.argwhere(mask)[:, ::-1] * steps)


def _reach(off: Array, away: Array, steps: Array) -> float:
    """Return how far points (N, 2) reach along a direction, within a pixel's width of its line or beside it."""
    along = off @ away
    pixel = float(steps.mean())
    beside = np.abs(off @ np.array([-away[1], away[0]]))
    near = along[beside <= pixel]
    return float(near.max()) + pixel / 2 if len(near) else float("nan")


def _far_third(plane: Array, axis: Axis) -> Array:
    """Return the mean of the third of a valve plane's points that lies farthest from the LV's long axis, (2,)."""
    away = unit(axis.tip - axis.valve)
    beside = np.abs((plane - axis.valve) @ np.array([-away[1], away[0]]))
    return np.asarray(plane[beside >= np.quantile(beside, 2 / 3)].mean(axis=0))
