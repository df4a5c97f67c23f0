"""Check the names of views by their places: the views of one study vote on the direction of the heart's long axis."""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.planes import APEX_TO_BASE_RAS, LONG_AXIS, SHORT_AXIS, heart_frame, normal, unit
from cmr_ssl.study import Finding, Series, Severity

Vector = NDArray[np.float64]

SHORT_AXIS_WITHIN = np.cos(np.radians(45.0))  # between the normal of a short axis and the long axis of the heart
LONG_AXIS_WITHIN = np.sin(np.radians(30.0))  # between a long-axis plane and the long axis of the heart
TURNED = dict(zip(LONG_AXIS, (90.0, 30.0, 150.0), strict=True))  # degrees around the long axis, from the heart's x to y
TURNED_NEAR, TURNED_FAR = 20.0, 40.0  # the three planes are 60 degrees apart; between these limits nothing is decided
HEART_RADIUS_MM = 60.0  # a plane farther from the heart's centre does not cut the heart


def apex_to_base(all_series: list[Series]) -> Vector:
    """Return the direction of the long axis that most views agree with, from apex to base, (3,).

    Candidates are the normal of the short axis and the lines in which two long-axis planes meet; the mean direction in
    a body is a candidate, too, so that two views that contradict each other can be distinguished.
    """
    candidates = [*_candidates(all_series), APEX_TO_BASE_RAS]
    scores = [(sum(agrees(series, axis) for series in all_series), abs(axis @ APEX_TO_BASE_RAS)) for axis in candidates]
    best = candidates[max(range(len(scores)), key=scores.__getitem__)]
    trusted = [series for series in all_series if series.view == SHORT_AXIS and agrees(series, best)]
    axis = normal(trusted[0].affine) if trusted else best
    return axis if axis @ APEX_TO_BASE_RAS > 0 else -axis


def agrees(series: Series, axis: Vector) -> bool:
    """Tell whether the orientation of a view is possible for its name if the long axis points along `axis`."""
    cosine = abs(float(normal(series.affine) @ axis))
    return bool(cosine >= SHORT_AXIS_WITHIN if series.view == SHORT_AXIS else cosine <= LONG_AXIS_WITHIN)


def misplaced(all_series: list[Series], axis: Vector) -> list[Finding]:
    """Return one finding a view that contradicts the long axis, or lies at the place of another view."""
    upright = [series for series in all_series if agrees(series, axis)]
    tilted = [_tilted(series, axis) for series in all_series if not agrees(series, axis)]
    return tilted + _turned([series for series in upright if series.view != SHORT_AXIS], axis)


def beside_heart(all_series: list[Series], centre: Vector) -> list[Finding]:
    """Return one finding a long-axis plane too far from the heart's centre, (3,) in scanner mm, to cut the heart."""
    distances = {
        series.view: abs(float(normal(series.affine) @ (centre - series.affine[:3, 3]))) for series in all_series
    }
    return [
        Finding("beside-heart", "rejected", view, f"the plane passes {distance:.0f} mm from the heart's centre")
        for view, distance in distances.items()
        if view != SHORT_AXIS and distance > HEART_RADIUS_MM
    ]


def turned(affine: NDArray[np.float64], axis: Vector) -> float:
    """Return the direction in which a long-axis plane crosses the short axis, in degrees 0..180 from x to y."""
    return turned_by(normal(affine), axis)


def turned_by(across: Vector, axis: Vector) -> float:
    """Return the same of a plane with the normal `across`, (3,)."""
    x, y = heart_frame(np.zeros(3), axis)[:2, :3] @ np.cross(axis, across)
    return float(np.degrees(np.arctan2(y, x)) % 180)


def apart(first: float, second: float) -> float:
    """Return the angle between two lines, in degrees 0..90, given their directions in degrees."""
    return abs((first - second + 90) % 180 - 90)


def _tilted(series: Series, axis: Vector) -> Finding:
    angle = np.degrees(np.arccos(min(1.0, abs(float(normal(series.affine) @ axis)))))
    named = "short axis (0 expected)" if series.view == SHORT_AXIS else "long axis (90 expected)"
    message = f"the plane is no {named}: its normal is {angle:.0f} degrees from the heart's long axis"
    return Finding("misplaced-view", "rejected", series.view, message)


def _turned(long_axis: list[Series], axis: Vector) -> list[Finding]:
    """Compare each long-axis plane with the places of all; reject it only if another one is at its own place."""
    angles = {series.view: turned(series.affine, axis) for series in long_axis}
    distances = {
        view: {other: apart(angle, place) for other, place in TURNED.items()} for view, angle in angles.items()
    }
    certain = any(distance[view] <= TURNED_NEAR for view, distance in distances.items())
    severity: Severity = "rejected" if certain else "noted"
    findings: list[Finding] = []
    for view, distance in distances.items():
        nearest = min(distance, key=distance.__getitem__)
        if distance[view] > TURNED_FAR and distance[nearest] < TURNED_NEAR:
            message = f"the plane lies where {nearest} should, {distance[view]:.0f} degrees from its own place"
            findings.append(Finding("swapped-view", severity, view, message))
    return findings


def _candidates(series: list[Series]) -> list[Vector]:
    normals = {one.view: normal(one.affine) for one in series}
    short = [normals.pop(SHORT_AXIS)] if SHORT_AXIS in normals else []
    lines = [np.cross(first, second) for first, second in combinations(normals.values(), 2)]
    return short + [unit(line) for line in lines if np.linalg.norm(line) > 0.3]
