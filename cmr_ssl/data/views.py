"""Is every view where its name says? The views of one study vote on where the long axis of the heart points."""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.data.study import Finding, Series
from cmr_ssl.planes import APEX_TO_BASE_RAS, SHORT_AXIS, normal, unit

Vector = NDArray[np.float64]

SHORT_AXIS_WITHIN = np.cos(np.radians(45.0))  # between the normal of a short axis and the long axis of the heart
LONG_AXIS_WITHIN = np.sin(np.radians(30.0))  # between a long-axis plane and the long axis of the heart


def apex_to_base(series: list[Series]) -> Vector:
    """Return the direction of the long axis that most views agree with, from apex to base, (3,).

    Candidates are the normal of the short axis and the lines in which two long-axis planes meet; the mean direction in
    a body votes along, so that two views that contradict each other can be told apart.
    """
    candidates = [*_candidates(series), APEX_TO_BASE_RAS]
    scores = [(sum(agrees(one, axis) for one in series), abs(axis @ APEX_TO_BASE_RAS)) for axis in candidates]
    best = candidates[max(range(len(scores)), key=scores.__getitem__)]
    trusted = [one for one in series if one.view == SHORT_AXIS and agrees(one, best)]
    axis = normal(trusted[0].affine) if trusted else best
    return axis if axis @ APEX_TO_BASE_RAS > 0 else -axis


def agrees(series: Series, axis: Vector) -> bool:
    """Tell whether a view with this name can lie where it lies if the long axis points along `axis`."""
    cosine = abs(float(normal(series.affine) @ axis))
    return bool(cosine >= SHORT_AXIS_WITHIN if series.view == SHORT_AXIS else cosine <= LONG_AXIS_WITHIN)


def misplaced(series: list[Series], axis: Vector) -> list[Finding]:
    """Return one finding a view that contradicts the long axis."""
    return [_misplaced(one, axis) for one in series if not agrees(one, axis)]


def _misplaced(series: Series, axis: Vector) -> Finding:
    angle = np.degrees(np.arccos(min(1.0, abs(float(normal(series.affine) @ axis)))))
    named = "short axis (0 expected)" if series.view == SHORT_AXIS else "long axis (90 expected)"
    message = f"the plane is no {named}: its normal is {angle:.0f} degrees from the heart's long axis"
    return Finding("misplaced-view", "rejected", series.view, message)


def _candidates(series: list[Series]) -> list[Vector]:
    normals = {one.view: normal(one.affine) for one in series}
    short = [normals.pop(SHORT_AXIS)] if SHORT_AXIS in normals else []
    lines = [np.cross(one, other) for one, other in combinations(normals.values(), 2)]
    return short + [unit(line) for line in lines if np.linalg.norm(line) > 0.3]
