"""Overlap, distances and volumes of one subject's predicted and true label maps."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import BACKGROUND, CLASSES, UNLABELLED, is_structure
from cmr_ssl.doubts import without_doubtful, without_implausible
from cmr_ssl.evaluation.paired_labels import Labels, PairedHeart, PairedView, paired_view
from cmr_ssl.journal import Record, status_of
from cmr_ssl.overlap import Score, outline_distances, scores
from cmr_ssl.planes import spacing
from cmr_ssl.report.maps import phases
from cmr_ssl.sources.label_folder import LabelledHeart
from cmr_ssl.study import Finding
from cmr_ssl.volumes import measure

OTHER = "other"  # phase of frames that are neither ED nor ES


class WholeScore(NamedTuple):
    """One structure of one view at one frame, all slices at once, as challenges report it.

    Attributes:
        subject: the id.
        view: name of the view.
        frame: from 0.
        phase: ED, ES or other.
        structure: name of the class.
        dice: 0 to 1; 0 where only one of prediction and truth shows the structure.
        hd95_mm: 95th percentile of the Hausdorff distance between the surfaces, NaN where only one shows it.
        assd_mm: average symmetric surface distance, NaN where only one shows it.
        missed: whether the truth shows it and the prediction does not.
    """

    subject: str
    view: str
    frame: int
    phase: str
    structure: str
    dice: float
    hd95_mm: float
    assd_mm: float
    missed: bool


def compare_subject(every_frame: bool, subject: str, pair: PairedHeart) -> Record:
    """Compare the label maps of one subject.

    Args:
        every_frame: whether frames other than ED and ES count, where those are known.
        subject: the id.
        pair: its label maps.

    Returns:
        A record with one row: `planes` and `wholes`, scores as dictionaries, and the volumes `predicted` and `true` by
        the field's names, NaN where unknown. It is rejected where no view can be compared.
    """
    findings = [*_problems(pair.predicted, "prediction"), *_problems(pair.true, "truth")]
    named = phases({name: view.map for name, view in pair.true.views.items()})
    planes: list[dict[str, Any]] = []
    wholes: list[dict[str, Any]] = []
    compared = 0
    for view in pair.true.views:
        if view not in pair.predicted.views:
            if view not in pair.predicted.problems:
                findings.append(Finding("not-predicted", "rejected", view, "there is no prediction of it"))
            continue
        try:
            both = paired_view(pair.predicted.views[view], pair.true.views[view])
        except ValueError as error:
            findings.append(Finding("not-comparable", "rejected", view, str(error)))
            continue
        compared += 1
        findings += [Finding("compared-in-part", "noted", view, note) for note in both.notes]
        frames = frames_of(both.true, named, every_frame)
        planes += [score._asdict() for score in plane_scores(both, frames, view, subject)]
        wholes += [score._asdict() for score in whole_scores(both, frames, view, subject)]
    if not compared:
        nothing = Finding("nothing-to-compare", "rejected", "", "no view of it can be compared")
        return Record(subject, "rejected", findings=findings or [nothing])
    volumes, doubts = _volumes(pair)
    return Record(
        subject,
        status_of(findings + doubts),
        findings=findings + doubts,
        rows=[{"planes": planes, "wholes": wholes} | volumes],
    )


def frames_of(true: Labels, named: Mapping[int, str], every_frame: bool) -> dict[int, str]:
    """Return the frames of a truth (T, S, Y, X) to compare, and their phases: ED and ES if known, else all labelled."""
    drawn = np.flatnonzero(is_structure(true).any(axis=(1, 2, 3))).tolist()
    found = {frame: named.get(frame, OTHER) for frame in drawn}
    ends = {frame: phase for frame, phase in found.items() if phase != OTHER}
    return ends if len(ends) == len(named) == 2 and not every_frame else found


def plane_scores(both: PairedView, frames: dict[int, str], view: str, subject: str) -> list[Score]:
    """Return the scores of each slice; `plane` is the number of the slice."""
    predicted, true = _around(both)
    annotated = np.zeros((true.shape[1], len(CLASSES)), dtype=bool)
    annotated[:, [*both.classes]] = True
    views, steps = [view] * true.shape[1], spacing(both.affine)
    return scores(predicted.swapaxes(0, 1), true.swapaxes(0, 1), annotated, views, steps, frames, subject)


def whole_scores(both: PairedView, frames: dict[int, str], view: str, subject: str) -> list[WholeScore]:
    """Return the scores of all slices at once.

    Dice = 2 |A and B| / (|A| + |B|) over labelled voxels; surfaces are the outermost voxels of each, whose distances
    respect pixel size and slice spacing.
    """
    predicted, true = _around(both)
    columns, rows = spacing(both.affine).tolist()
    steps = np.array([float(np.linalg.norm(both.affine[:3, 2])), rows, columns])
    found = []
    for frame, phase in frames.items():
        labelled = true[frame] != UNLABELLED
        for structure in both.classes:
            masks = [labelled & (labels[frame] == structure) for labels in (predicted, true)]
            sizes = [int(mask.sum()) for mask in masks]
            if not sum(sizes):
                continue
            dice = 2 * int((masks[0] & masks[1]).sum()) / sum(sizes)
            distances = _distances(masks, steps)
            place = subject, view, frame, phase, CLASSES[structure]
            found.append(WholeScore(*place, dice, *distances, missed=sizes[0] == 0))
    return found


def _distances(masks: list[NDArray[np.bool_]], steps: NDArray[np.float64]) -> tuple[float, float]:
    """Return HD95 and ASSD of masks (S, Y, X); of one slice, in its plane."""
    predicted, true = masks
    if len(true) == 1:
        return outline_distances(predicted[0], true[0], steps[1:])
    return outline_distances(predicted, true, steps)


def _around(both: PairedView) -> tuple[Labels, Labels]:
    """Return both maps cropped to what is drawn, with a margin of one pixel, which is many times faster."""
    drawn = is_structure(both.true) | is_structure(both.predicted)
    ranges = []
    for axis, others in ((2, (0, 1, 3)), (3, (0, 1, 2))):
        at = np.flatnonzero(drawn.any(axis=others))
        low, high = (int(at[0]) - 1, int(at[-1]) + 2) if len(at) else (0, drawn.shape[axis])
        ranges.append(slice(max(low, 0), high))
    predicted, true = (labels[:, :, ranges[0], ranges[1]] for labels in (both.predicted, both.true))
    return np.where(predicted == UNLABELLED, BACKGROUND, predicted).astype(np.uint8), true


def _problems(heart: LabelledHeart, side: str) -> list[Finding]:
    return [Finding("unusable-labels", "rejected", view, f"the {side}: {why}") for view, why in heart.problems.items()]


def _volumes(pair: PairedHeart) -> tuple[dict[str, dict[str, float]], list[Finding]]:
    """Return the volumes of both sides, each at its own ED and ES, and why some cannot be believed."""
    values, findings = {}, []
    for side, heart in zip(("predicted", "true"), pair, strict=True):
        whole = _without_parts(heart)
        believed = without_implausible(whole)
        measured = measure({name: view.map for name, view in believed.views.items()}, believed.rate)
        values[side] = {name: float(value) for name, value in without_doubtful(measured, believed).values.items()}
        doubts = {view: why for view, why in believed.problems.items() if view not in heart.problems}
        word = "prediction" if side == "predicted" else "truth"
        findings += [
            Finding("no-volume", "noted", view, f"no volume of the {word} is believed: {why}")
            for view, why in doubts.items()
        ]
    return values, findings


def _without_parts(heart: LabelledHeart) -> LabelledHeart:
    """Return a heart without the views of which a frame is unlabelled in part: their volumes are unknown."""
    views, problems = dict(heart.views), dict(heart.problems)
    for name, view in heart.views.items():
        labels = view.map.labels
        drawn, missing = is_structure(labels).any(axis=(1, 2, 3)), (labels == UNLABELLED).any(axis=(1, 2, 3))
        if (drawn & missing).any():
            del views[name]
            problems[name] = f"frame {np.flatnonzero(drawn & missing)[0]} is unlabelled in part"
    return LabelledHeart(views, problems)
