"""Views of cines by geometry, with names as tie-breakers.

The short axis is the largest stack of parallel slices across the heart's long axis, which every long-axis plane
contains. The angle around the long axis tells the three long-axis views apart (see `preparation.views`); a name counts
as much as 30 degrees.
"""

import re
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.dicom.cine import Cine
from cmr_ssl.dicom.header import LPS_TO_RAS
from cmr_ssl.planes import APEX_TO_BASE_RAS, LONG_AXIS, SHORT_AXIS, unit
from cmr_ssl.preparation.views import LONG_AXIS_WITHIN, SHORT_AXIS_WITHIN, TURNED, apart, turned_by
from cmr_ssl.study import Finding

Vector = NDArray[np.float64]

PARALLEL = np.cos(np.radians(5.0))
FEWEST_PLACES, MOST_PLACES = 3, 12  # of a stack not named short axis; more do not make it likelier
CLEARLY_UPRIGHT = np.cos(np.radians(30.0))  # of a stack that is called long axis
ACROSS = np.sin(np.radians(15.0))  # between a stack and a plane that it crosses
STRAIGHT = 0.998  # along an axis of the body, as in localizers but never in a short axis
NAME_DEGREES = 30.0
RIGHT_SIDE = re.compile(r"(?<![a-z])rv(?![a-z])|right", re.IGNORECASE)
LONG_AXIS_NAME = re.compile(r"lax|long[ _-]?ax|lange[ _-]?achse", re.IGNORECASE)
HINTS = {
    SHORT_AXIS: re.compile(r"sax|\bsa\b|short|\bkurz|\b2ks\b", re.IGNORECASE),
    "la_2ch": re.compile(r"2[ _-]?ch|two[ _-]?ch|vla|2ck", re.IGNORECASE),
    "la_3ch": re.compile(r"3[ _-]?ch|three[ _-]?ch", re.IGNORECASE),
    "la_4ch": re.compile(r"4[ _-]?ch|four[ _-]?ch|hla", re.IGNORECASE),
}


class ViewAssignment(NamedTuple):
    """The cines of each view, re-acquisitions included, and the direction from apex to base (RAS+, (3,))."""

    views: dict[str, list[Cine]]
    axis: Vector
    findings: list[Finding]


def view_in_name(name: str) -> str:
    """Return the view that a series' name mentions, empty if none or several."""
    views = [view for view, pattern in HINTS.items() if pattern.search(name)]
    return views[0] if len(views) == 1 else ""


def name_views(cines: list[Cine]) -> ViewAssignment:
    """Assign a view to every cine; planes of no view become findings."""
    stacks = group_parallel(cines)
    short = _short_axis(stacks)
    axis = _long_axis([_across(stack[0]) for stack in stacks], short)
    views: dict[str, list[Cine]] = {SHORT_AXIS: short} if short else {}
    findings = [_renamed(cine, SHORT_AXIS, 0.0) for cine in short if view_in_name(cine.name) in LONG_AXIS]
    for cine in (cine for stack in stacks if stack is not short for cine in stack):
        view, more = _view(cine, axis)
        findings += more
        if view:
            views.setdefault(view, []).append(cine)
    return ViewAssignment(views, axis, findings)


def group_parallel(cines: list[Cine]) -> list[list[Cine]]:
    """Group cines whose planes are parallel within 5 degrees of the first of their group."""
    stacks: list[list[Cine]] = []
    for cine in cines:
        normals = np.array([stack[0].normal for stack in stacks]).reshape(-1, 3)
        near = np.abs(normals @ cine.normal)
        if len(near) and near.max() >= PARALLEL:
            stacks[int(near.argmax())].append(cine)
        else:
            stacks.append([cine])
    return stacks


def count_positions(stack: list[Cine]) -> int:
    """Count the positions in a stack that are more than 1 mm apart."""
    heights = np.sort([np.array(cine.grid.position) @ stack[0].normal for cine in stack])
    return 1 + int((np.diff(heights) > 1.0).sum())


def _short_axis(stacks: list[list[Cine]]) -> list[Cine]:
    normals = [_across(stack[0]) for stack in stacks]
    scores = [_short_axis_score(stack, normals) for stack in stacks]
    return stacks[int(np.argmax(scores))] if max(scores, default=0.0) > 0 else []


def _short_axis_score(stack: list[Cine], normals: list[Vector]) -> float:
    """Return the number of positions weighted by name and direction, 0 if a stack cannot be the short axis.

    `normals` are those of every stack of the study.
    """
    across, count = _across(stack[0]), min(count_positions(stack), MOST_PLACES)
    upright = abs(float(across @ APEX_TO_BASE_RAS))
    if 2 * sum(view_in_name(cine.name) == SHORT_AXIS for cine in stack) > len(stack):
        return 3.0 * count * max(upright, 0.5)
    crossing = [other for other in normals if abs(other @ across) <= ACROSS]
    if 2 * sum(_named_long_axis(cine.name) for cine in stack) > len(stack):
        plausible = upright >= CLEARLY_UPRIGHT and len(crossing) > 0
    else:
        plausible = np.abs(across).max() < STRAIGHT and (
            upright >= SHORT_AXIS_WITHIN or len(distinct_directions(crossing)) > 1
        )
    return count * upright if plausible and count >= FEWEST_PLACES else 0.0


def _named_long_axis(name: str) -> bool:
    return view_in_name(name) in LONG_AXIS or (not view_in_name(name) and LONG_AXIS_NAME.search(name) is not None)


def distinct_directions(directions: list[Vector]) -> list[Vector]:
    """Return one direction of each group within 25 degrees of its first."""
    kept: list[Vector] = []
    for direction in directions:
        if all(abs(direction @ other) < np.cos(np.radians(25.0)) for other in kept):
            kept.append(direction)
    return kept


def _long_axis(normals: list[Vector], short: list[Cine]) -> Vector:
    """Return the direction from apex to base: the short axis' normal, else the line in which most planes meet."""
    if short:
        return _towards_base(_across(short[0]))
    lines = [np.cross(first, second) for first, second in combinations(normals[:8], 2)]
    candidates = [*(unit(line) for line in lines if np.linalg.norm(line) > 0.3), APEX_TO_BASE_RAS]
    votes = [sum(bool(abs(normal @ line) <= LONG_AXIS_WITHIN) for normal in normals) for line in candidates]
    scores = [(vote, float(abs(line @ APEX_TO_BASE_RAS))) for vote, line in zip(votes, candidates, strict=True)]
    return _towards_base(candidates[max(range(len(scores)), key=scores.__getitem__)])


def _view(cine: Cine, axis: Vector) -> tuple[str, list[Finding]]:
    """Return the long-axis view of a cine, empty if it does not contain the long axis, and findings."""
    across = _across(cine)
    tilt = float(np.degrees(np.arcsin(min(1.0, abs(float(across @ axis))))))
    if abs(across @ axis) > LONG_AXIS_WITHIN:
        message = f"the plane is {tilt:.0f} degrees off the heart's long axis and parallel to no short axis"
        return "", [Finding("other-plane", "noted", cine.name, message, tilt)]
    angle = turned_by(across, axis)
    named = view_in_name(cine.name)
    off = {view: apart(angle, usual) for view, usual in TURNED.items()}
    view = min(off, key=lambda view: off[view] - (NAME_DEGREES if view == named else 0.0))
    return view, [_renamed(cine, view, off.get(named, 90.0))] if named not in ("", view) else []


def _renamed(cine: Cine, view: str, degrees: float) -> Finding:
    message = f"called {cine.name!r}, but it lies where {view} should"
    return Finding("wrong-name", "repaired", view, message, degrees)


def _across(cine: Cine) -> Vector:
    return LPS_TO_RAS[:3, :3] @ cine.normal


def _towards_base(axis: Vector) -> Vector:
    return axis if axis @ APEX_TO_BASE_RAS > 0 else -axis
