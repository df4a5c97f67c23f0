"""What speaks for and against a prediction: findings of preparing, and how the study compares with the training."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.anatomy import CLASSES, LA, RA
from cmr_ssl.data.cache import PreparedSubject
from cmr_ssl.data.study import Finding
from cmr_ssl.data.usual import measures, planes_by_view, unlike
from cmr_ssl.planes import SHORT_AXIS, VIEWS
from cmr_ssl.tasks.trained import Trained
from cmr_ssl.volumes import VENTRICULAR

UNLIKE = "unlike-training"
ONLY_SYNTHETIC = "the model has only seen synthetic hearts: how wrong it is about real ones nobody knows"
MARGIN = 1  # plane more or less than the studies of the training that were looked at; others there may have it
EDGE_PIXELS, EDGE_FRAMES = 3, 0.25  # of a structure at the edge of the crop, and share of frames: then it is cut off


def compared(trained: Trained, planes: PreparedSubject) -> list[Finding]:
    """Return what is to be said of a study in the light of what the model has learnt from."""
    findings = [Finding("synthetic-training", "noted", "", ONLY_SYNTHETIC)] if trained.synthetic else []
    if said := unlike(trained.usual, measures(planes.images, planes.affine, planes.view)):
        findings.append(Finding(UNLIKE, "noted", "", said))
    for view, count in planes_by_view(planes.view).items():
        least, most = trained.usual.get("planes", {}).get(view, (0, count))
        other = not least - MARGIN <= count <= most + MARGIN or count == 0 < least
        if view in trained.views and other:
            message = f"the study has {count} planes, those of the training have {least} to {most}"
            findings.append(Finding(UNLIKE, "noted", view, message))
    return findings


def not_looked_at(trained: Trained, planes: PreparedSubject) -> list[Finding]:
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
    """Return the findings that whoever uses a number must know of: what was rejected, repaired, or is unlike."""
    return [found for found in findings if found.severity != "noted" or found.code == UNLIKE]


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


def cut_by_crop(labels: NDArray[np.uint8], view: NDArray[np.integer]) -> dict[str, str]:
    """Return structure to why it cannot be measured, of those that reach the edge of the crop around the heart.

    Args:
        labels: predicted classes, (P, T, H, W).
        view: index into ``planes.VIEWS``, (P,).
    """
    doubts: dict[str, str] = {}
    short = view == VIEWS.index(SHORT_AXIS)
    for planes, values in ((labels[short], VENTRICULAR.values()), (labels[~short], (LA, RA))):
        for value in values:
            inside = planes == value
            edge = inside[..., [0, -1], :].sum(axis=(2, 3)) + inside[..., 1:-1, [0, -1]].sum(axis=(2, 3))
            if len(planes) and (edge >= EDGE_PIXELS).any(axis=0).mean() > EDGE_FRAMES:
                name = CLASSES[value]
                doubts[name] = f"the {name} reaches the edge of the crop around the heart, so part of it may be missing"
    return doubts
