"""Findings about the reliability of a prediction: of preparing, and by comparison with the training."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import CLASSES, LA, RA
from cmr_ssl.data.out_of_distribution import FEWEST_STUDIES, describe_outlier, planes_by_view, study_statistics
from cmr_ssl.planes import SHORT_AXIS, VIEWS
from cmr_ssl.preparation.cache import PreparedSubject
from cmr_ssl.preparation.preparation import METHOD
from cmr_ssl.study import Finding, Study
from cmr_ssl.tasks.trained import Trained
from cmr_ssl.volumes import VENTRICULAR, LabelMap

UNLIKE = "unlike-training"
RELEVANT_NOTES = (UNLIKE, "sform-qform")  # noted findings that users must know; disagreeing affines misplace a view
ONLY_SYNTHETIC = "the model has only seen synthetic hearts: how wrong it is about real ones nobody knows"
OTHER_METHOD = (
    "the model learnt from planes as an earlier version prepared them, whose crops lie elsewhere: prepare its training "
    "data anew and train again"
)
MARGIN = 1  # plane more or less than in the sampled studies of the training; others there may have it
EDGE_PIXELS, EDGE_FRAMES = 3, 0.25  # pixels at an edge, and share of frames with them, of a structure that is cut off


def compare_with_training(trained: Trained, planes: PreparedSubject) -> list[Finding]:
    """Return findings on a study that is unlike those of the training."""
    findings = [Finding("synthetic-training", "noted", "", ONLY_SYNTHETIC)] if trained.synthetic else []
    if trained.method != METHOD:
        findings.append(Finding(UNLIKE, "noted", "", OTHER_METHOD))
    if trained.usual.get("studies", 0) < FEWEST_STUDIES:
        return findings  # too few to know what is usual
    if description := describe_outlier(trained.usual, study_statistics(planes.images, planes.affine, planes.view)):
        findings.append(Finding(UNLIKE, "noted", "", description))
    for view, count in planes_by_view(planes.view).items():
        least, most = trained.usual["planes"].get(view, (0, count))
        unusual = not least - MARGIN <= count <= most + MARGIN or count == 0 < least
        if view in trained.views and unusual:
            message = f"the study has {count} planes, those of the training have {least} to {most}"
            findings.append(Finding(UNLIKE, "noted", view, message))
    return findings


def planes_left_out(trained: Trained, planes: PreparedSubject) -> list[Finding]:
    """Return a finding for each view with more planes than the model has room for."""
    counts = planes_by_view(planes.view)
    return [
        Finding(
            "planes-left-out",
            "noted",
            view,
            f"{counts[view] - room} of {counts[view]} planes are not looked at: the model has room for {room}, and "
            "takes those nearest to the middle of the heart, as in its training",
        )
        for view, room in trained.views.items()
        if counts[view] > room
    ]


def problems(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings that users of a number must know: rejected, repaired, unlike training, uncertain place."""
    return [finding for finding in findings if finding.severity != "noted" or finding.code in RELEVANT_NOTES]


def unlike_training(findings: Iterable[Finding]) -> bool:
    """Tell whether a study is unlike those of the training, by its findings."""
    return any(finding.code == UNLIKE for finding in findings)


def without_short_axis(trained: Trained, planes: PreparedSubject, findings: Iterable[Finding]) -> str:
    """Return the reason why the whole heart cannot be predicted: no short axis, which training always had; else ""."""
    always = trained.usual.get("planes", {}).get(SHORT_AXIS, (1, 1))[0] > 0
    if SHORT_AXIS not in trained.views or not always or (planes.view == VIEWS.index(SHORT_AXIS)).any():
        return ""
    messages = [item.message for item in findings if item.severity == "rejected" and item.where == SHORT_AXIS]
    reason = f" ({'; '.join(messages)})" if messages else ""
    return f"the study has no usable short axis{reason}, and the model never learnt from such studies"


def unsized(study: Study, findings: Iterable[Finding]) -> str:
    """Return the reason why nothing can be measured on a study, an unknown pixel size; else ""."""
    unoriented = {finding.where for finding in findings if finding.code == "no-orientation"}
    for series in study.series:
        if series.view in unoriented and np.allclose(np.linalg.norm(series.affine[:3, :3], axis=0), 1.0):
            return f"{series.view} has neither orientation nor voxel size, so nothing can be measured on it"
    return ""


def cut_off(labels: NDArray[np.uint8], maps: dict[str, LabelMap], view: NDArray[np.integer]) -> dict[str, str]:
    """Return the structures that reach the edge of the crops or images, with the reason why they are not measured.

    Args:
        labels: predicted classes on the crops around the heart, (P, T, H, W).
        maps: the same on the grid of the images, by view.
        view: index into ``planes.VIEWS`` of the crops, (P,).
    """
    doubts: dict[str, str] = {}
    for name, label_map in maps.items():
        crops, images = labels[view == VIEWS.index(name)], label_map.labels.swapaxes(0, 1)
        for value in VENTRICULAR.values() if name == SHORT_AXIS else (LA, RA):
            for title, planes in (("the crop around the heart", crops), (f"the images of {name}", images)):
                if _at_edge(planes == value):
                    reason = f"the {CLASSES[value]} reaches the edge of {title}, so part of it may be missing"
                    doubts.setdefault(CLASSES[value], reason)
    return doubts


def _at_edge(inside: NDArray[np.bool_]) -> bool:
    """Tell whether a structure (P, T, H, W) reaches the edge of a plane in many frames; single pixels are errors."""
    edge = inside[..., [0, -1], :].sum(axis=(2, 3)) + inside[..., 1:-1, [0, -1]].sum(axis=(2, 3))
    return bool((edge >= EDGE_PIXELS).any(axis=0).mean() > EDGE_FRAMES)
