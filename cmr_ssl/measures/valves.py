"""Valves and apex in long-axis planes and their motion: long-axis shortening, MAPSE and TAPSE."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from cmr_ssl.anatomy import CLASSES, LA, LV, MYOCARDIUM, RA, RV
from cmr_ssl.measures.rings import largest
from cmr_ssl.measures.value import Value, relative, value_or_reason
from cmr_ssl.planes import spacing, unit
from cmr_ssl.volumes import FOUR_CHAMBER, TWO_CHAMBER, LabelMap

Array = NDArray[np.float64]
Labels = NDArray[np.uint8]

TOUCHING_PIXELS = 2.5  # between ventricle and atrium: label maps may leave out the valve between them
FEWEST_PIXELS = 3  # of the ventricle near the atrium
NO_WALL_MM = 0.1  # thinner than any wall
NOT_DRAWN = "there is no usable label map of {view} at both ED and ES"
NO_VALVE = "{ventricle} and {atrium} are not drawn side by side in {view} at ED and ES, so the valve plane is unknown"
NO_APEX = "no myocardium covers the apex of the cavity in {view} at ED and ES"
AT_EDGE = "the {ventricle} reaches the edge of {view}, so part of it may be missing"
BOTH_VIEWS = f"needs both {TWO_CHAMBER} and {FOUR_CHAMBER}, and one of them cannot be measured"


class LongAxis(NamedTuple):
    """The long axis of the left ventricle in one image, in mm as (column, row)."""

    valve: Array  # centre of the mitral valve plane, (2,)
    cavity_end: Array  # its apex, (2,)
    wall_end: Array  # outer border of the wall beyond it, on the same line, (2,)

    @property
    def direction(self) -> Array:
        """Unit vector from valve to apex, (2,)."""
        return unit(self.cavity_end - self.valve)

    @property
    def wall_mm(self) -> float:
        """Thickness of the apical wall."""
        return float(np.linalg.norm(self.wall_end - self.cavity_end))


def valve(labels: Labels, ventricle: int, atrium: int, steps: Array) -> Array | None:
    """Return the points of a valve plane in mm, (N, 2): halfway between touching pixels of ventricle and atrium.

    None where they do not touch, or the ventricle is cut off.

    Args:
        labels: classes (Y, X).
        ventricle: class.
        atrium: class.
        steps: size of a pixel, (column, row), mm.
    """
    below, above = largest(labels == ventricle), largest(labels == atrium)
    if not below.any() or not above.any() or _at_edge(below):
        return None
    distance, nearest = ndimage.distance_transform_edt(~above, return_indices=True)
    row, column = np.nonzero(below & (distance < TOUCHING_PIXELS))
    if len(row) < FEWEST_PIXELS:
        return None
    facing = nearest[:, row, column]
    return np.asarray(np.stack([column + facing[1], row + facing[0]], axis=1) / 2 * steps)


def long_axis(labels: Labels, steps: Array) -> LongAxis | None:
    """Return the long axis of the LV, from the mid mitral valve to the farthest cavity; None without a valve."""
    plane = valve(labels, LV, LA, steps)
    if plane is None:
        return None
    middle = plane.mean(axis=0)
    cavity = _points(largest(labels == LV), steps)
    heart = _points(largest((labels == LV) | (labels == MYOCARDIUM)), steps)
    direction = unit(cavity.mean(axis=0) - middle)
    ends = [middle + _reach(points - middle, direction, steps) * direction for points in (cavity, heart)]
    return LongAxis(middle, *ends)


def shortening(ed: LongAxis, es: LongAxis) -> float:
    """Return long-axis strain, 100 (L_ES - L_ED) / L_ED in percent, negative where the ventricle shortens.

    L reaches from the middle of the mitral valve to the outer border of the apex (Riffel et al., J Cardiovasc Magn
    Reson 2015; 17:69, LAS-epi/mid); NaN where no wall covers the apex.
    """
    if min(ed.wall_mm, es.wall_mm) < NO_WALL_MM:
        return float("nan")
    return relative(*(float(np.linalg.norm(axis.wall_end - axis.valve)) for axis in (ed, es)))


def excursion(ed: LongAxis, es: LongAxis) -> float:
    """Return how far the middle of the mitral valve moves towards the apex between ED and ES, mm (MAPSE).

    Source: Rangarajan et al., J Cardiovasc Magn Reson 2016; 18:37 (there of single hinge points).
    """
    return float((es.valve - ed.valve) @ ed.direction)


def tricuspid_excursion(labels: Labels, steps: Array) -> float:
    """Return how far the tricuspid annulus moves towards the apex between ED and ES, mm (TAPSE); NaN if not visible.

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
    return float((_lateral(planes[1], axis) - _lateral(planes[0], axis)) @ axis.direction)


def long_axis_values(views: dict[str, LabelMap | None], reasons: dict[str, str]) -> list[Value]:
    """Return shortening and MAPSE of the 2- and 4-chamber view and of both, and TAPSE of the latter.

    Args:
        views: label maps by view with two frames, ED and ES; None without a usable one.
        reasons: view to why there is none.
    """
    values: list[Value] = []
    measured = np.full((2, 2), np.nan)  # view, measure
    for view, numbers in zip((TWO_CHAMBER, FOUR_CHAMBER), measured, strict=True):
        if (ends := _axes(views.get(view))) is not None:
            numbers[:] = shortening(*ends), excursion(*ends)
        values += _strain_and_mapse(view, numbers, reasons.get(view) or _reason(views.get(view), view, LV, LA))
    values += _strain_and_mapse("global", measured.mean(axis=0), BOTH_VIEWS)
    four = views.get(FOUR_CHAMBER)
    tapse = np.nan if four is None else tricuspid_excursion(four.labels[:, 0], spacing(four.affine))
    reason = reasons.get(FOUR_CHAMBER) or _reason(four, FOUR_CHAMBER, RV, RA)
    return [*values, value_or_reason("TAPSE", FOUR_CHAMBER, "ED to ES", tapse, "mm", reason)]


def _strain_and_mapse(segment: str, numbers: Array, reason: str) -> list[Value]:
    return [
        value_or_reason("long-axis strain", segment, "ES", numbers[0], "%", reason),
        value_or_reason("MAPSE", segment, "ED to ES", numbers[1], "mm", reason),
    ]


def apical_thickness(views: dict[str, LabelMap | None]) -> tuple[tuple[float, float], str]:
    """Return the wall of segment 17, the apex beyond the cavity, at ED and ES in mm, and the reason if it is NaN.

    It is the distance along the long axis from the end of the cavity to the end of the wall, the mean of the 2- and
    4-chamber views that show it (segment 17: Cerqueira et al., Circulation 2002; 105:539). The short axis cannot show
    it, because it cuts the cap along its surface.
    """
    pairs = [_axes(views.get(view)) for view in (TWO_CHAMBER, FOUR_CHAMBER)]
    walls = [[axis.wall_mm for axis in pair] for pair in pairs if pair is not None]
    walls = [wall for wall in walls if min(wall) > NO_WALL_MM]
    if not walls:
        return (np.nan, np.nan), "the apex shows its wall in no long-axis label map with LV, myocardium and LA"
    ed, es = np.mean(walls, axis=0)
    return (float(ed), float(es)), ""


def _axes(view: LabelMap | None) -> tuple[LongAxis, LongAxis] | None:
    """Return the long axis at ED and at ES, None unless there are both."""
    if view is None:
        return None
    ed, es = (long_axis(image, spacing(view.affine)) for image in view.labels[:, 0])
    return None if ed is None or es is None else (ed, es)


def _reason(view: LabelMap | None, name: str, ventricle: int, atrium: int) -> str:
    """Return why nothing was measured in a view."""
    if view is None:
        return NOT_DRAWN.format(view=name)
    if ventricle == LV and _axes(view) is not None:
        return NO_APEX.format(view=name)
    if any(_at_edge(largest(image == ventricle)) for image in view.labels[:, 0]):
        return AT_EDGE.format(ventricle=CLASSES[ventricle], view=name)
    return NO_VALVE.format(ventricle=CLASSES[ventricle], atrium=CLASSES[atrium], view=name)


def _at_edge(mask: NDArray[np.bool_]) -> bool:
    return bool(mask[[0, -1]].any() or mask[:, [0, -1]].any())


def _points(mask: NDArray[np.bool_], steps: Array) -> Array:
    return np.asarray(np.argwhere(mask)[:, ::-1] * steps)


def _reach(points: Array, direction: Array, steps: Array) -> float:
    """Return how far points (N, 2) reach along a direction from 0, of those within a pixel of its line, mm."""
    pixel = float(steps.mean())
    near = (points @ direction)[_distance(points, direction) <= pixel]
    return float(near.max()) + pixel / 2 if len(near) else float("nan")


def _lateral(plane: Array, axis: LongAxis) -> Array:
    """Return the mean of the third of a valve plane's points that lies farthest from the LV's long axis, (2,)."""
    distance = _distance(plane - axis.valve, axis.direction)
    return np.asarray(plane[distance >= np.quantile(distance, 2 / 3)].mean(axis=0))


def _distance(points: Array, direction: Array) -> Array:
    """Return the distances (N,) of points (N, 2) from the line through 0 along a direction."""
    return np.abs(points @ np.array([-direction[1], direction[0]]))
