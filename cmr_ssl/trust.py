"""What speaks for and against a prediction: findings of preparing, and how the study compares with the training."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import CLASSES, LA, RA
from cmr_ssl.data.out_of_distribution import FEWEST_STUDIES, describe_outlier, planes_by_view, study_statistics
from cmr_ssl.planes import SHORT_AXIS, VIEWS
from cmr_ssl.preparation.cache import PreparedSubject
from cmr_ssl.study import Finding, Study
from cmr_ssl.tasks.trained import Trained
from cmr_ssl.volumes import VENTRICULAR, LabelMap

UNLIKE = "unlike-training"
TOLD = (UNLIKE, "sform-qform")  # of what is only noted; a view whose two affines disagree may lie elsewhere
ONLY_SYNTHETIC = "the model has only seen synthetic hearts: how wrong it is about real ones nobody knows"
MARGIN = 1  # plane more or less than the studies of the training that were looked at; others there may have it
EDGE_PIXELS, EDGE_FRAMES = 3, 0.25  # of a structure at an edge, and share of frames: then it is cut off


def compare_with_training(trained: Trained, planes: PreparedSubject) -> list[Finding]:
    """Return what is to be said of a study in the light of what the model has learnt from."""
    findings = [Finding("synthetic-training", "noted", "", ONLY_SYNTHETIC)] if trained.synthetic else []
    if trained.usual.get("studies", 0) < FEWEST_STUDIES:
        return findings  # nobody knows what is usual
    if said := describe_outlier(trained.usual, study_statistics(planes.images, planes.affine, planes.view)):
        findings.append(Finding(UNLIKE, "noted", "", said))
    for view, count in planes_by_view(planes.view).items():
        least, most = trained.usual["planes"].get(view, (0, count))
        other = not least - MARGIN <= count <= most + MARGIN or count == 0 < least
        if view in trained.views and other:
            message = f"the study has {count} planes, those of the training have {least} to {most}"
            findings.append(Finding(UNLIKE, "noted", view, message))
    return findings


def planes_left_out(trained: Trained, planes: PreparedSubject) -> list[Finding]:
    """Return a finding for each view of which a model with a fixed number of planes cannot look at all."""
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
    """Return the findings that whoever uses a number must know of: rejected, repaired, unlike, perhaps elsewhere."""
    return [found for found in findings if found.severity != "noted" or found.code in TOLD]


def without_short_axis(trained: Trained, planes: PreparedSubject, findings: Iterable[Finding]) -> str:
    """Say why no number about the whole heart can be told: the short axis is missing, which training always had.

    Args:
        trained: the model.
        planes: the study as prepared.
        findings: of preparing; they say why the short axis is missing.
    """
    always = trained.usual.get("planes", {}).get(SHORT_AXIS, (1, 1))[0] > 0
    if SHORT_AXIS not in trained.views or not always or (planes.view == VIEWS.index(SHORT_AXIS)).any():
        return ""
    why = [found.message for found in findings if found.severity == "rejected" and found.where == SHORT_AXIS]
    told = f" ({'; '.join(why)})" if why else ""
    return f"the study has no usable short axis{told}, and the model never learnt from such studies"


def unsized(study: Study, findings: Iterable[Finding]) -> str:
    """Say why nothing can be measured on a study: nobody knows how large its pixels are."""
    nowhere = {found.where for found in findings if found.code == "no-orientation"}
    for one in study.series:
        if one.view in nowhere and np.allclose(np.linalg.norm(one.affine[:3, :3], axis=0), 1.0):
            return f"{one.view} has neither orientation nor voxel size, so nothing can be measured on it"
    return ""


def cut_off(labels: NDArray[np.uint8], maps: dict[str, LabelMap], view: NDArray[np.integer]) -> dict[str, str]:
    """Return structure to why it cannot be measured, of those that reach the edge of what was looked at.

    Args:
        labels: predicted classes on the crops around the heart, (P, T, H, W).
        maps: the same on the grid of the images, by view.
        view: index into ``planes.VIEWS`` of the crops, (P,).
    """
    doubts: dict[str, str] = {}
    for name, one in maps.items():
        crops, images = labels[view == VIEWS.index(name)], one.labels.swapaxes(0, 1)
        for value in VENTRICULAR.values() if name == SHORT_AXIS else (LA, RA):
            for where, planes in (("the crop around the heart", crops), (f"the images of {name}", images)):
                if _at_edge(planes == value):
                    why = f"the {CLASSES[value]} reaches the edge of {where}, so part of it may be missing"
                    doubts.setdefault(CLASSES[value], why)
    return doubts


def _at_edge(inside: NDArray[np.bool_]) -> bool:
    """Tell whether a structure (P, T, H, W) reaches the edge of a plane in many frames: single pixels are mistakes."""
    edge = inside[..., [0, -1], :].sum(axis=(2, 3)) + inside[..., 1:-1, [0, -1]].sum(axis=(2, 3))
    return bool((edge >= EDGE_PIXELS).any(axis=0).mean() > EDGE_FRAMES)
