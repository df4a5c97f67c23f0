"""Compare every plane of a heart with its prediction from the others."""

from typing import NamedTuple

import numpy as np
from torch import Tensor

from cmr_ssl.inference.leave_one_out import LeftOut, each_left_out
from cmr_ssl.inspection import plane_measures
from cmr_ssl.inspection.plane_measures import Delay, Displacement, Mistaken
from cmr_ssl.planes import SHORT_AXIS
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.pretraining import PretrainingTask

ERROR, SHIFT, DELAY, VIEW = MEASURES = ("error", "shift", "delay", "view")


class PlaneExamination(NamedTuple):
    """The measures of one plane.

    Attributes:
        subject: its id.
        plane: index in the sample.
        view: name of the view.
        kind: of planes to compare it with: a third of the slices, or the view.
        measures: numbers that grow with a flaw; NaN where one does not apply.
        displacement: at which it fits best; None for long-axis planes.
        delay: at which it fits best.
        mistaken: the other view that it fits best; None for slices and where that is unknown.
        true: its images, (T, H, W).
        predicted: from the other planes, (T, H, W).
    """

    subject: str
    plane: int
    view: str
    kind: str
    measures: dict[str, float]
    displacement: Displacement | None
    delay: Delay
    mistaken: Mistaken | None
    true: Tensor
    predicted: Tensor


def examine_heart(task: PretrainingTask, heart: Sample, spacing_mm: float) -> list[PlaneExamination]:
    """Examine all planes of a batch of one, in the order of the sample.

    The error of a plane counts relative to the median of its study: a heart that is hard to predict as a whole is no
    flaw of its planes.
    """
    views = plane_measures.mistaken_views(task, heart)
    left_out = each_left_out(task, heart)
    planes = [examine_plane(heart.subject[0], plane, views.get(plane.plane), spacing_mm) for plane in left_out]
    median = float(np.median([plane.measures[ERROR] for plane in planes])) if planes else 0.0
    return [plane._replace(measures=plane.measures | {ERROR: plane.measures[ERROR] - median}) for plane in planes]


def examine_plane(subject: str, plane: LeftOut, mistaken: Mistaken | None, spacing_mm: float) -> PlaneExamination:
    """Measure one plane; see `examine_heart`."""
    true, predicted = plane.true, plane.predicted
    is_slice = plane.view == SHORT_AXIS
    displacement = plane_measures.displacement(predicted, true, spacing_mm) if is_slice else None
    delay = plane_measures.delay(predicted, true)
    measures = {
        ERROR: plane_measures.log_error(predicted, true),
        SHIFT: displacement.gain if displacement else np.nan,
        DELAY: delay.gain,
        VIEW: mistaken.gain if mistaken else np.nan,
    }
    place = subject, plane.plane, plane.view, plane.region
    return PlaneExamination(*place, measures, displacement, delay, mistaken, true, predicted)
