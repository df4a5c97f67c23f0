"""Choice of the plane of a long-axis view that cuts the heart, among different planes of that view.

The heart is found by pulsation in the short axis, or without one in the long-axis planes.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.dicom.cine import Cine
from cmr_ssl.dicom.header import LPS_TO_RAS
from cmr_ssl.dicom.images import read_stack
from cmr_ssl.dicom.reacquisitions import choose_plane, group_by_position
from cmr_ssl.dicom.stack import Stack, stack_slices
from cmr_ssl.dicom.view_assignment import RIGHT_SIDE, group_parallel, view_in_name
from cmr_ssl.preparation.heart_finder import pulsating_centre, pulsation
from cmr_ssl.preparation.views import TURNED, apart, turned_by
from cmr_ssl.study import Finding

Vector = NDArray[np.float64]

AS_GOOD = 5.0  # mm or degrees that an equivalent plane may be worse than the best one
NAMED = 15.0  # mm or degrees, bonus of the right name
OTHER_SIDE = 30.0  # mm or degrees, penalty of a name of the right heart
FEWEST_STACKED = 3  # planes side by side that are no re-acquisitions of one another, or two of one series


class CineLocation(NamedTuple):
    """One plane of a long-axis view, acquired once or several times."""

    cines: list[Cine]  # its acquisitions
    distance: float  # from the heart's centre, mm, NaN if unknown
    cost: float  # distance in mm + angle to the view's own direction in degrees - bonus + penalty of the name
    stacked: bool  # whether it is one of several planes side by side


def several_places(cines: list[Cine]) -> bool:
    """Tell whether the cines of a view lie in more than one plane."""
    groups = group_parallel(cines)
    return len(groups) > 1 or len(group_by_position(cines, groups[0][0].normal)) > 1


def heart_centre(short: Stack | None, views: dict[str, list[Cine]]) -> Vector | None:
    """Return the centre of pulsation, RAS+ mm, (3,), in the short axis or else the long-axis views; or None."""
    stacks = [short] if short else [_as_stack(group) for cines in views.values() for group in group_parallel(cines)]
    pulses = pulsation([read_stack(stack)[0] for stack in stacks])
    return None if pulses is None else pulsating_centre(pulses)


def cutting_plane(view: str, cines: list[Cine], centre: Vector | None, axis: Vector) -> tuple[Cine, list[Finding]]:
    """Return the cine of a long-axis view that cuts the heart best, and findings on the others.

    Args:
        view: its name.
        cines: all of this view.
        centre: of the heart, RAS+, (3,); None if unknown, then the middle plane of a stack is used.
        axis: from apex to base, RAS+, (3,).
    """
    locations = [location for group in group_parallel(cines) for location in _locations(view, group, centre, axis)]
    best = min(locations, key=lambda location: location.cost)
    equal = [location for location in locations if location.cost <= best.cost + AS_GOOD and not location.stacked]
    chosen = [best] if best.stacked else equal
    cine, findings = choose_plane(view, [cine for location in chosen for cine in location.cines])
    others = [location for location in locations if not any(location is used for used in chosen)]
    return cine, findings + ([_left_out(view, best, others, centre is not None)] if others else [])


def _locations(view: str, group: list[Cine], centre: Vector | None, axis: Vector) -> list[CineLocation]:
    positions = group_by_position(group, group[0].normal)
    series = [{cine.series for cine in cines} for cines in positions]
    stacked = len(positions) >= FEWEST_STACKED or (len(positions) > 1 and bool(series[0] & series[1]))
    middle = (len(positions) - 1) / 2
    return [_location(view, cines, centre, axis, abs(index - middle), stacked) for index, cines in enumerate(positions)]


def _location(
    view: str, cines: list[Cine], centre: Vector | None, axis: Vector, off_middle: float, stacked: bool
) -> CineLocation:
    to_ras = LPS_TO_RAS[:3, :3]
    across = to_ras @ cines[0].normal
    distance = float("nan") if centre is None else abs(float(across @ (centre - to_ras @ cines[0].grid.position)))
    bonus = NAMED if any(view_in_name(cine.name) == view for cine in cines) else 0.0
    penalty = OTHER_SIDE if any(RIGHT_SIDE.search(cine.name) for cine in cines) else 0.0
    off_centre = off_middle if centre is None else distance
    cost = off_centre + apart(turned_by(across, axis), TURNED[view]) - bonus + penalty
    return CineLocation(cines, distance, cost, stacked)


def _left_out(view: str, best: CineLocation, others: list[CineLocation], known: bool) -> Finding:
    count = sum(len(location.cines) for location in others)
    distances = [location.distance for location in others]
    message = (
        f"the plane that passes {best.distance:.0f} mm from the heart's centre was used; {count} other planes of the "
        f"view, {min(distances):.0f} to {max(distances):.0f} mm from it, were left out"
    )
    if not known:
        message = (
            f"{count} other planes of the view were left out; where the heart is was not seen, the middle one was used"
        )
    return Finding("beside-view", "noted", view, message, count)


def _as_stack(group: list[Cine]) -> Stack:
    """Return parallel planes as one stack of one cine a position, so that the stronger pulse counts more."""
    across = group[0].normal
    return stack_slices([cines[-1] for cines in group_by_position(group, across)], across)[0]
