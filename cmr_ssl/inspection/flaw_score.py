"""The flaw score of a plane and its explanation."""

from typing import NamedTuple

import numpy as np

from cmr_ssl.inspection.calibration import Calibration
from cmr_ssl.inspection.plane_examination import DELAY, ERROR, SHIFT, VIEW, PlaneExamination

SUSPECT = 4.0  # standard deviations above the usual


class FlawScore(NamedTuple):
    """A plane with its flaw score.

    Attributes:
        title: name of the plane within its study.
        examined: its measures.
        scores: how unusual each measure is, in standard deviations.
        score: the largest of them, the flaw score; NaN where the usual range is unknown.
        why: explanation of all unusual measures; empty where none is.
    """

    title: str
    examined: PlaneExamination
    scores: dict[str, float]
    score: float
    why: str

    @property
    def suspect(self) -> bool:
        """Whether the plane needs a review."""
        return self.score > SUSPECT


def score_plane(plane: PlaneExamination, title: str, calibration: Calibration, beat_ms: float) -> FlawScore:
    """Judge a plane by the most unusual of its measures; `beat_ms` may be NaN."""
    scores = calibration.scores(plane)
    known = {name: score for name, score in scores.items() if np.isfinite(score)}
    if VIEW in known and plane.measures[VIEW] <= 0:  # a plane that fits its own view best is not mistaken
        known[VIEW] = min(known[VIEW], 0.0)
    if not known:
        return FlawScore(title, plane, scores, np.nan, "there were too few such planes to know what is usual")
    reasons = {VIEW: _mistaken, SHIFT: _moved, DELAY: _late, ERROR: _badly_predicted}  # the most specific first
    unusual = [name for name in reasons if known.get(name, 0.0) > SUSPECT]
    why = "; ".join(reasons[name](plane, calibration, beat_ms) for name in unusual)
    return FlawScore(title, plane, scores, max(known.values()), why)


def _badly_predicted(plane: PlaneExamination, calibration: Calibration, _: float) -> str:
    usual = calibration.usual[plane.kind][ERROR].median
    times = np.exp(plane.measures[ERROR] - usual)
    return f"the rest of the heart tells it {times:.1f} times worse than is usual for such a plane"


def _moved(plane: PlaneExamination, _: Calibration, __: float) -> str:
    assert plane.displacement is not None  # or it would have no score
    columns, rows = plane.displacement.columns_mm, plane.displacement.rows_mm
    return f"it lies {np.hypot(columns, rows):.0f} mm off: {columns:+.0f} mm along columns, {rows:+.0f} mm along rows"


def _late(plane: PlaneExamination, _: Calibration, beat_ms: float) -> str:
    late = plane.delay.beat
    ms = f", {abs(late) * beat_ms:.0f} ms," if np.isfinite(beat_ms) else ""
    return f"it beats {abs(late):.0%} of a beat{ms} {'later' if late > 0 else 'earlier'} than the rest"


def _mistaken(plane: PlaneExamination, _: Calibration, __: float) -> str:
    assert plane.mistaken is not None  # or it would have no score
    return f"it shows what {plane.mistaken.view} should show"
