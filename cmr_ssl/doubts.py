"""Reject numbers measured on implausible label maps: an impossible number becomes NaN with a reason."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import CLASSES, LA, LV, MYOCARDIUM, RA, RV, UNLABELLED
from cmr_ssl.cohort.ranges import CARDIAC
from cmr_ssl.planes import SHORT_AXIS
from cmr_ssl.preparation.doubled_slices import doubled_beat, doubled_slices
from cmr_ssl.sources.label_extent import lost_at_es, short_part, unseen_part
from cmr_ssl.sources.label_folder import LabelledHeart, LabelledView
from cmr_ssl.sources.label_shapes import implausible_shape
from cmr_ssl.sources.label_slices import repeated_slices, unsynchronised
from cmr_ssl.sources.label_values import (
    beside_unlabelled,
    broken_stack,
    centre,
    mere_mask,
    mirrored,
    touches_edge,
    wrongly_surrounded,
)
from cmr_ssl.volumes import VENTRICULAR, LabelMap, Measured, apex_to_base, labelled_frames

MYOCARDIAL = "LVM"
BEHIND = {LA: LV, RA: RV}  # atrium: the ventricle in front of it
OTHER_BEAT = 1.25  # ratio of beats within one examination
NEED_LV = ("LV", "myocardium", "RV")  # measured at the frames of the largest and the smallest LV


def without_implausible(heart: LabelledHeart) -> LabelledHeart:
    """Return a heart without the views whose classes contradict anatomy; they become problems."""
    kept, problems = dict(heart.views), dict(heart.problems)
    for name, view in heart.views.items():
        if flaw := _short_axis_flaw(view) if name == SHORT_AXIS else _long_axis_flaw(view, heart.views):
            problems[name] = flaw
            del kept[name]
    return LabelledHeart(kept, problems)


def notes(heart: LabelledHeart) -> tuple[str, ...]:
    """Return notes about unusual label maps that were measured all the same."""
    texts = [note for view in heart.views.values() for note in view.notes]
    beats = {name: view.frame_ms * len(view.map.labels) for name, view in heart.views.items()}
    beats = {name: beat for name, beat in beats.items() if np.isfinite(beat)}
    if beats and max(beats.values()) > OTHER_BEAT * min(beats.values()):
        listed = ", ".join(f"{name} {beat:.0f} ms" for name, beat in beats.items())
        texts.append(f"the views have beats of {listed}: heart rate and output are those of {next(iter(beats))}")
    stack = heart.views.get(SHORT_AXIS)
    if stack is not None and stack.oriented and mirrored(stack.map.labels.T, stack.map.affine, LV, RV):
        texts.append(f"{SHORT_AXIS}: the RV lies on the left of the LV: the map is mirrored, or the body is")
    if stack is not None and (unseen := unseen_part(stack.map.labels.T, stack.map.affine, stack.oriented)):
        texts.append(f"{SHORT_AXIS}: {unseen}")
    if stack is not None and (repeated := repeated_slices(stack.map.labels.T, stack.map.affine)):
        slices = ", ".join(map(str, repeated))
        texts.append(f"{SHORT_AXIS}: slice {slices} shows what the next one shows: stored twice, it counts twice")
    return tuple(dict.fromkeys(texts))


def without_doubtful(measured: Measured, heart: LabelledHeart) -> Measured:
    """Return measures without those of incomplete structures and impossible values."""
    maps = {view: labelled.map for view, labelled in heart.views.items()}
    return without_impossible(_without(measured, incomplete(maps) | _doubts(heart)))


def without_impossible(measured: Measured) -> Measured:
    """Return measures without those of structures with any impossible value."""
    doubts: dict[str, str] = {}
    for name, reason in impossible_values(measured.values).items():
        doubts.setdefault(_structure(name), f"{reason}: check geometry and classes of the label map")
    return _without(measured, doubts)


def impossible_values(values: Mapping[str, float]) -> dict[str, str]:
    """Return the names of values that no heart can have, with the reason."""
    reasons: dict[str, str] = {}
    for name, (least, most) in CARDIAC.items():
        value = values.get(name, np.nan)
        if np.isfinite(value) and not least <= value <= most:
            phenotype = name.replace(" (", f" of {value:.4g} (")
            reasons[name] = f"{phenotype} is none that a heart can have, {least:g} to {most:g}"
    return reasons


def without_structures(measured: Measured, doubts: dict[str, str]) -> Measured:
    """Set measures of doubtful structures, given with reasons, to NaN; doubts about the LV affect all of `NEED_LV`."""
    if "LV" in doubts:
        doubts = dict.fromkeys(NEED_LV, doubts["LV"]) | doubts
    reasons = {name: doubts[_structure(name)] for name in measured.values if _structure(name) in doubts}
    values = {name: np.nan if name in reasons else value for name, value in measured.values.items()}
    curves = {name: curve for name, curve in measured.curves.items() if name not in doubts}
    return Measured(values, measured.reasons | reasons, curves)


def incomplete(maps: dict[str, LabelMap]) -> dict[str, str]:
    """Return the structures whose volume lacks a part, as they continue into missing or unlabelled slices.

    Of two stacks, that of ES often ends before that of ED, since the ventricle is shorter: that is no gap. A stack of
    ED that ends first is one, and so is a missing slice at a single frame of a cine, which might be taken for ES.

    Args:
        maps: label maps by view; unusable slices, or frames of them, are unlabelled.

    Returns:
        Structure to the reason.
    """
    stack = maps.get(SHORT_AXIS)
    doubts: dict[str, str] = {}
    if stack is None:
        return doubts
    unlabelled = (stack.labels == UNLABELLED).all(axis=(2, 3))  # (T, S)
    frames = np.flatnonzero(~unlabelled.all(axis=1))
    may_continue = unlabelled.copy()
    if len(frames) == 2:  # at ES an unlabelled end counts only if it is unlabelled at ED, too
        systole = frames[int(np.argmin([(stack.labels[frame] == LV).sum() for frame in frames]))]
        may_continue[systole] = unlabelled[frames].all(axis=0)
    for name, value in VENTRICULAR.items():
        drawn = (stack.labels == value).any(axis=(2, 3))
        if any(_continues(drawn[frame], unlabelled[frame], may_continue[frame]) for frame in frames):
            doubts[name] = f"the {name} reaches a slice that is missing or could not be used, so part of it is unseen"
    return doubts


def cut_short(stack: LabelMap | None) -> dict[str, str]:
    """Return the structures of a short axis that shows a part of the heart only, at ED or at ES, with the reason."""
    if stack is None:
        return {}
    reason = short_part(stack.labels.T, stack.affine) or lost_at_es(stack.labels.T, stack.affine)
    return dict.fromkeys(VENTRICULAR, reason) if reason else {}


def _continues(drawn: NDArray[np.bool_], unlabelled: NDArray[np.bool_], may_continue: NDArray[np.bool_]) -> bool:
    """Tell whether a structure is drawn next to a gap or, at the ends, to a slice that `may_continue` it, (S,) each."""
    labelled = np.flatnonzero(~unlabelled)
    gaps = np.flatnonzero(np.diff(labelled) > 1)
    borders = {*labelled[gaps].tolist(), *labelled[gaps + 1].tolist()}
    for index, outside in ((labelled[0], labelled[0] - 1), (labelled[-1], labelled[-1] + 1)) if len(labelled) else ():
        if 0 <= outside < len(drawn) and may_continue[outside]:
            borders.add(int(index))
    return any(drawn[index] for index in borders)


def _without(measured: Measured, doubts: dict[str, str]) -> Measured:
    """Do the same as `without_structures`, but keep earlier reasons."""
    emptied = without_structures(measured, doubts)
    return emptied._replace(reasons=emptied.reasons | measured.reasons)


def _structure(column: str) -> str:
    """Return the structure of a column of the table."""
    return "myocardium" if column.startswith(MYOCARDIAL) else column[:2]


def _doubts(heart: LabelledHeart) -> dict[str, str]:
    """Return the structures that are cut off or drawn with gaps, with the reason."""
    doubts: dict[str, str] = {}
    for view, labelled in heart.views.items():
        label_map, labels = labelled.map, labelled.map.labels.T
        for value in VENTRICULAR.values() if view == SHORT_AXIS else (LA, RA):
            name = CLASSES[value]
            if view == SHORT_AXIS and (reason := broken_stack(labels, label_map.affine, value)):
                doubts.setdefault(name, reason)
            if touches_edge(labels, value):
                doubts.setdefault(name, f"the {name} reaches the edge of {view}, so part of it may be missing")
            if beside_unlabelled(labels, value):
                reason = f"the {name} borders on pixels of {view} that nobody labelled, so part of it may be missing"
                doubts.setdefault(name, reason)
    stack = heart.views.get(SHORT_AXIS)
    lost = lost_at_es(stack.map.labels.T, stack.map.affine) if stack is not None else ""
    return (dict.fromkeys(VENTRICULAR, lost) if lost else {}) | doubts


def _short_axis_flaw(stack: LabelledView) -> str:
    labels = stack.map.labels.T
    if (
        wrong := wrongly_surrounded(labels, stack.classes)
        or (mere_mask(labels, stack.classes) if labelled_frames(stack.map.labels).sum() > 1 else "")
        or implausible_shape(labels, stack.map.affine)
        or doubled_slices(labels, stack.map.affine)
        or doubled_beat(labels)
        or unsynchronised(labels)
    ):
        return wrong
    wall = (labels == MYOCARDIUM).any()
    if stack.oriented and not wall and mirrored(labels, stack.map.affine, LV, RV):
        return "the RV lies on the left of the LV: the two are exchanged, or the map is mirrored"
    return ""


def _long_axis_flaw(plane: LabelledView, views: dict[str, LabelledView]) -> str:
    """Describe what is wrong with the atria of a plane: exchanged, or in front of their ventricles."""
    labels, affine = plane.map.labels.T, plane.map.affine
    if mirrored(labels, affine, LA, RA):
        return "the RA lies on the left of the LA: the two are exchanged, or the map is mirrored"
    stack = views.get(SHORT_AXIS)
    oriented = stack.map if stack is not None and stack.oriented else None
    maps = [plane.map, *([oriented] if oriented else [])]
    to_base = apex_to_base(oriented)
    for atrium, ventricle in BEHIND.items():
        behind = centre(labels, affine, atrium)
        for label_map in maps:
            front = centre(label_map.labels.T, label_map.affine, ventricle)
            if behind is not None and front is not None and (behind - front) @ to_base < 0:
                names = CLASSES[atrium], CLASSES[ventricle]
                return f"the {names[0]} lies nearer to the apex than the {names[1]}: its number means something else"
    return ""
