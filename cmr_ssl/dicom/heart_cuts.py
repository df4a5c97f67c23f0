"""Of several planes of a long-axis view, the one that cuts the heart: they are planes of their own, not tries of one.

The heart is what pulses in the short axis, or in the long-axis planes where there is none.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.dicom.cine import Cine
from cmr_ssl.dicom.images import read_stack
from cmr_ssl.dicom.reacquisitions import same_places, settle_plane
from cmr_ssl.dicom.stack import LPS_TO_RAS, Stack, stack_slices
from cmr_ssl.dicom.view_assignment import RIGHT_SIDE, hint, parallel
from cmr_ssl.preparation.heart_finder import pulsating_centre, pulsation
from cmr_ssl.preparation.views import TURNED, apart, turned_by
from cmr_ssl.study import Finding, Series

Vector = NDArray[np.float64]

AS_GOOD = 5.0  # mm, or degrees, that another try may lie worse than the best one
NAMED = 15.0  # mm, or degrees, that the right name is worth
OTHER_SIDE = 30.0  # what a name that speaks of the right heart costs
STACK = 3  # planes side by side, or two in one series, that are no tries of one another
TO_RAS = LPS_TO_RAS[:3, :3]


class CineLocation(NamedTuple):
    """Where a long-axis view was acquired, once or several times.

    Attributes:
        tries: its cines.
        distance: of the plane from the heart's centre, mm.
        cost: distance and degrees off the view's own direction, less what its name is worth.
        stacked: whether it is one of several planes side by side.
    """

    tries: list[Cine]
    distance: float
    cost: float
    stacked: bool


def several_places(cines: list[Cine]) -> bool:
    """Tell whether the cines of a view lie in more than one plane."""
    groups = parallel(cines)
    return len(groups) > 1 or len(same_places(cines, groups[0][0].normal)) > 1


def heart_centre(short: Stack | None, views: dict[str, list[Cine]]) -> Vector | None:
    """Return the centre of what pulses in scanner mm, RAS+, (3,); None where nothing does.

    Args:
        short: the short axis, where there is one.
        views: the cines of each long-axis view.
    """
    stacks = [short] if short else [_stacked(group) for cines in views.values() for group in parallel(cines)]
    seen = pulsation([_read(stack) for stack in stacks])
    return None if seen is None else pulsating_centre(seen)


def cutting_plane(view: str, cines: list[Cine], centre: Vector | None, axis: Vector) -> tuple[Cine, list[Finding]]:
    """Return the one cine of a view that cuts the heart best, and what is to say about the others.

    Args:
        view: long-axis view.
        cines: all that show it.
        centre: of the heart, RAS+, (3,); None where nobody knows, then the middle plane of a stack is used.
        axis: from apex to base, RAS+, (3,).
    """
    places = [place for group in parallel(cines) for place in _places(view, group, centre, axis)]
    best = min(places, key=lambda place: place.cost)
    equal = [place for place in places if place.cost <= best.cost + AS_GOOD and not place.stacked]
    chosen = [best] if best.stacked else equal
    cine, findings = settle_plane(view, [cine for place in chosen for cine in place.tries])
    rest = [place for place in places if not any(place is one for one in chosen)]
    return cine, findings + ([_beside(view, best, rest, centre is not None)] if rest else [])


def _places(view: str, group: list[Cine], centre: Vector | None, axis: Vector) -> list[CineLocation]:
    across = group[0].normal
    places = same_places(group, across)
    series = [{cine.series for cine in place} for place in places]
    stacked = len(places) >= STACK or (len(places) > 1 and bool(series[0] & series[1]))
    return [
        _place(view, tries, centre, axis, abs(index - (len(places) - 1) / 2), stacked)
        for index, tries in enumerate(places)
    ]


def _place(
    view: str, tries: list[Cine], centre: Vector | None, axis: Vector, off_middle: float, stacked: bool
) -> CineLocation:
    first = tries[0]
    across = TO_RAS @ first.normal
    known = centre is not None
    distance = abs(float(across @ (centre - TO_RAS @ first.grid.position))) if centre is not None else off_middle
    name = NAMED if any(hint(cine.name) == view for cine in tries) else 0.0
    side = OTHER_SIDE if any(RIGHT_SIDE.search(cine.name) for cine in tries) else 0.0
    cost = distance + apart(turned_by(across, axis), TURNED[view]) - name + side
    return CineLocation(tries, distance if known else float("nan"), cost, stacked)


def _beside(view: str, best: CineLocation, rest: list[CineLocation], known: bool) -> Finding:
    count = sum(len(place.tries) for place in rest)
    if not known:
        message = (
            f"{count} other planes of the view were left out; where the heart is was not seen, the middle one was used"
        )
        return Finding("beside-view", "noted", view, message, count)
    near, far = min(place.distance for place in rest), max(place.distance for place in rest)
    message = (
        f"the plane that passes {best.distance:.0f} mm from the heart's centre was used; {count} other planes of the "
        f"view, {near:.0f} to {far:.0f} mm from it, were left out"
    )
    return Finding("beside-view", "noted", view, message, count)


def _stacked(group: list[Cine]) -> Stack:
    """Return parallel planes as one stack, one cine a place, so that the stronger pulse counts more."""
    across = group[0].normal
    return stack_slices([place[-1] for place in same_places(group, across)], across)[0]


def _read(stack: Stack) -> Series:
    return read_stack(stack)[0]
