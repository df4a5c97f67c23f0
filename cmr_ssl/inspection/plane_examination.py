"""Examine every plane of a heart against what the others say it should show."""

from typing import NamedTuple

import numpy as np
from torch import Tensor

from cmr_ssl.inference.leave_one_out import LeftOut, each_left_out
from cmr_ssl.inspection.plane_measures import (
    Delay,
    Displacement,
    Mistaken,
    delay,
    displacement,
    log_error,
    mistaken_views,
)
from cmr_ssl.planes import SHORT_AXIS
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.pretraining import PretrainingTask

ERROR, SHIFT, DELAY, VIEW = MEASURES = ("error", "shift", "delay", "view")


class PlaneExamination(NamedTuple):
    """What was found about one plane.

    Attributes:
        subject: its id.
        plane: index in the sample.
        view: name of the view.
        kind: of planes to compare it with: a third of the slices, or the view.
        measures: numbers that grow with what is wrong; NaN where one does not apply.
        displacement: where it fits best; None for long-axis planes.
        delay: when it fits best.
        mistaken: which other view it fits best; None for slices and where that cannot be told.
        true: what it shows, (T, H, W).
        predicted: what it should show, (T, H, W).
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
    views = mistaken_views(task, heart)
    found = [examine_plane(heart, one, views.get(one.plane), spacing_mm) for one in each_left_out(task, heart)]
    usual = float(np.median([one.measures[ERROR] for one in found])) if found else 0.0
    return [one._replace(measures=one.measures | {ERROR: one.measures[ERROR] - usual}) for one in found]


def examine_plane(heart: Sample, one: LeftOut, mistaken: Mistaken | None, spacing_mm: float) -> PlaneExamination:
    """Measure one plane; see `examine_heart`."""
    moved = displacement(one.predicted, one.true, spacing_mm) if one.view == SHORT_AXIS else None
    late = delay(one.predicted, one.true)
    measures = {
        ERROR: log_error(one.predicted, one.true),
        SHIFT: moved.gain if moved else np.nan,
        DELAY: late.gain,
        VIEW: mistaken.gain if mistaken else np.nan,
    }
    kind, subject = one.region, heart.subject[0]
    return PlaneExamination(
        subject, one.plane, one.view, kind, measures, moved, late, mistaken, one.true, one.predicted
    )
