"""What speaks against numbers measured on label maps: a number that no heart can have is a reason, never a number."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import CLASSES, LA, LV, MYOCARDIUM, RA, RV, UNLABELLED
from cmr_ssl.cohort.ranges import CARDIAC
from cmr_ssl.planes import SHORT_AXIS
from cmr_ssl.sources.label_folder import LabelledHeart, LabelledView
from cmr_ssl.sources.label_shapes import implausible_shape
from cmr_ssl.sources.label_slices import doubled_slices, repeated_slices, unsynchronised
from cmr_ssl.sources.label_values import (
    beside_unlabelled,
    broken_stack,
    centre,
    mirrored,
    touches_edge,
    wrongly_surrounded,
)
from cmr_ssl.volumes import VENTRICULAR, LabelMap, Measured, apex_to_base

MYOCARDIAL = "LVM"
BEHIND = {LA: LV, RA: RV}  # atrium: the ventricle in front of it
RESTS_ON_LV = ("LV", "myocardium", "RV")  # measured at the frames of the largest and the smallest LV


def set_aside(heart: LabelledHeart) -> LabelledHeart:
    """Return a heart without the views whose classes contradict anatomy; they become problems."""
    kept, problems = dict(heart.views), dict(heart.problems)
    for view, one in heart.views.items():
        if wrong := _wrong_short_axis(one) if view == SHORT_AXIS else _wrong_long_axis(one, heart.views):
            problems[view] = wrong
            del kept[view]
    return LabelledHeart(kept, problems)


def notes(heart: LabelledHeart) -> tuple[str, ...]:
    """Return what is odd about label maps that were measured all the same."""
    said = [note for one in heart.views.values() for note in one.notes]
    stack = heart.views.get(SHORT_AXIS)
    if stack is not None and stack.oriented and mirrored(stack.map.labels.T, stack.map.affine, LV, RV):
        said.append(f"{SHORT_AXIS}: the RV lies on the left of the LV: the map is mirrored, or the body is")
    if stack is not None and (same := repeated_slices(stack.map.labels.T, stack.map.affine)):
        which = ", ".join(map(str, same))
        said.append(f"{SHORT_AXIS}: slice {which} shows what the next one shows: stored twice, it counts twice")
    return tuple(dict.fromkeys(said))


def without_doubtful(measured: Measured, heart: LabelledHeart) -> Measured:
    """Return what was measured without what label maps cannot tell, and without what no heart can have."""
    return without_impossible(_without(measured, _doubts(heart)))


def without_impossible(measured: Measured) -> Measured:
    """Return what was measured without the structures of which any number is beyond what a heart can have."""
    doubts: dict[str, str] = {}
    for name, why in beyond(measured.values).items():
        doubts.setdefault(_structure(name), f"{why}: check geometry and classes of the label map")
    return _without(measured, doubts)


def beyond(values: Mapping[str, float]) -> dict[str, str]:
    """Return which of some values, by their names in the field, no heart can have, and why."""
    told: dict[str, str] = {}
    for name, (least, most) in CARDIAC.items():
        value = values.get(name, np.nan)
        if np.isfinite(value) and not least <= value <= most:
            which = name.replace(" (", f" of {value:.4g} (")
            told[name] = f"{which} is none that a heart can have, {least:g} to {most:g}"
    return told


def without_structures(measured: Measured, doubts: dict[str, str]) -> Measured:
    """Empty what rests on doubtful structures, the doubts being the reasons.

    Args:
        measured: of one heart.
        doubts: structure to why nothing it is measured by can be believed; what rests on the LV falls with it.
    """
    if "LV" in doubts:
        doubts = dict.fromkeys(RESTS_ON_LV, doubts["LV"]) | doubts
    reasons = {name: doubts[_structure(name)] for name in measured.values if _structure(name) in doubts}
    values = {name: np.nan if name in reasons else value for name, value in measured.values.items()}
    curves = {name: curve for name, curve in measured.curves.items() if name not in doubts}
    return Measured(values, measured.reasons | reasons, curves)


def incomplete(maps: dict[str, LabelMap]) -> dict[str, str]:
    """Return structure to why its volume lacks a part: it goes on where a slice is missing or nobody looked.

    Of two stacks, that of ES often ends before that of ED, where the ventricle has drawn back: that is no gap. A stack
    of ED that ends first is one, and so is what a single frame of a cine lacks, which might be taken for ES.

    Args:
        maps: label maps by view; slices that could not be used, or frames of them, are wholly unlabelled.
    """
    stack = maps.get(SHORT_AXIS)
    doubts: dict[str, str] = {}
    if stack is None:
        return doubts
    unseen = (stack.labels == UNLABELLED).all(axis=(2, 3))
    looked = np.flatnonzero(~unseen.all(axis=1))
    may_end = unseen.copy()  # at ES alone an end that nobody looked at counts only if nobody ever did
    may_end[_end_systole(stack, looked)] = unseen[looked].all(axis=0)
    for name, value in VENTRICULAR.items():
        drawn = (stack.labels == value).any(axis=(2, 3))
        if any(_reaches(drawn[frame], unseen[frame], may_end[frame]) for frame in looked):
            doubts[name] = f"the {name} reaches a slice that is missing or could not be used, so part of it is unseen"
    return doubts


def _end_systole(stack: LabelMap, looked: NDArray[np.intp]) -> list[int]:
    """Return which of two frames is ES, by the left ventricle; none where there are other than two."""
    size = [int((stack.labels[frame] == LV).sum()) for frame in looked]
    return [int(looked[int(np.argmin(size))])] if len(looked) == 2 else []


def _reaches(drawn: NDArray[np.bool_], unseen: NDArray[np.bool_], gone: NDArray[np.bool_]) -> bool:
    """Tell whether a structure shows beside slices unseen at a frame or, at the ends, `gone`, each (S,)."""
    seen = np.flatnonzero(~unseen)
    gaps = np.flatnonzero(np.diff(seen) > 1)
    beside = {*seen[gaps].tolist(), *seen[gaps + 1].tolist()}
    beside |= {int(seen[0])} if len(seen) and seen[0] > 0 and gone[seen[0] - 1] else set()
    beside |= {int(seen[-1])} if len(seen) and seen[-1] < len(unseen) - 1 and gone[seen[-1] + 1] else set()
    return any(drawn[index] for index in beside)


def _without(measured: Measured, doubts: dict[str, str]) -> Measured:
    """Empty what rests on a doubtful structure; what could not be measured anyway keeps its reason."""
    emptied = without_structures(measured, doubts)
    return emptied._replace(reasons=emptied.reasons | measured.reasons)


def _structure(column: str) -> str:
    """Return the structure that a column of the table is about."""
    return "myocardium" if column.startswith(MYOCARDIAL) else column[:2]


def _doubts(heart: LabelledHeart) -> dict[str, str]:
    """Return structure to why it cannot be measured, of those that are cut off or drawn with gaps."""
    doubts: dict[str, str] = {}
    for view, one in heart.views.items():
        labels = one.map.labels.T
        for value in VENTRICULAR.values() if view == SHORT_AXIS else (LA, RA):
            name = CLASSES[value]
            if view == SHORT_AXIS and (why := broken_stack(labels, one.map.affine, value)):
                doubts.setdefault(name, why)
            if touches_edge(labels, value):
                doubts.setdefault(name, f"the {name} reaches the edge of {view}, so part of it may be missing")
            if beside_unlabelled(labels, value):
                why = f"the {name} borders on pixels of {view} that nobody labelled, so part of it may be missing"
                doubts.setdefault(name, why)
    return doubts


def _wrong_short_axis(stack: LabelledView) -> str:
    labels = stack.map.labels.T
    if wrong := wrongly_surrounded(labels, stack.classes):
        return wrong
    if (
        wrong := implausible_shape(labels, stack.map.affine)
        or doubled_slices(labels, stack.map.affine)
        or unsynchronised(labels)
    ):
        return wrong
    wall = (labels == MYOCARDIUM).any()
    if stack.oriented and not wall and mirrored(labels, stack.map.affine, LV, RV):
        return "the RV lies on the left of the LV: the two are exchanged, or the map is mirrored"
    return ""


def _wrong_long_axis(plane: LabelledView, views: dict[str, LabelledView]) -> str:
    """Say what is wrong with the atria of a plane: exchanged, or in front of their ventricles."""
    labels, affine = plane.map.labels.T, plane.map.affine
    if mirrored(labels, affine, LA, RA):
        return "the RA lies on the left of the LA: the two are exchanged, or the map is mirrored"
    stack = views.get(SHORT_AXIS)
    seen = [plane, *([stack] if stack is not None and stack.oriented else [])]
    to_base = apex_to_base(stack.map if stack is not None and stack.oriented else None)
    for atrium, ventricle in BEHIND.items():
        behind = centre(labels, affine, atrium)
        for place in _places(seen, ventricle):
            if behind is not None and (behind - place) @ to_base < 0:
                names = CLASSES[atrium], CLASSES[ventricle]
                return f"the {names[0]} lies nearer to the apex than the {names[1]}: its number means something else"
    return ""


def _places(views: list[LabelledView], value: int) -> Iterable[np.ndarray]:
    """Yield where a class lies in each of the views that draw it."""
    for one in views:
        if (place := centre(one.map.labels.T, one.map.affine, value)) is not None:
            yield place
