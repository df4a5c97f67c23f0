"""From measures to a flaw score and a sentence that says why."""

from typing import NamedTuple

import numpy as np

from cmr_ssl.inspection.calibration import Calibration
from cmr_ssl.inspection.plane_examination import DELAY, ERROR, SHIFT, VIEW, PlaneExamination

SUSPECT = 4.0  # standard deviations above the usual


class FlawScore(NamedTuple):
    """A plane and what to think of it.

    Attributes:
        title: name of the plane within its study.
        examined: what was found.
        scores: how unusual each measure is, in standard deviations.
        score: the largest of them, the flaw score; NaN where nothing is known of such planes.
        why: all that speaks against the plane; nothing where nothing is unusual.
    """

    title: str
    examined: PlaneExamination
    scores: dict[str, float]
    score: float
    why: str

    @property
    def suspect(self) -> bool:
        """Whether somebody should look at the plane."""
        return self.score > SUSPECT


def score_plane(one: PlaneExamination, title: str, calibration: Calibration, beat_ms: float) -> FlawScore:
    """Judge a plane by the most unusual of its measures; `beat_ms` may be NaN."""
    scores = calibration.scores(one)
    known = {name: score for name, score in scores.items() if np.isfinite(score)}
    if VIEW in known and one.measures[VIEW] <= 0:  # what fits its own view best is not mistaken, however narrowly
        known[VIEW] = min(known[VIEW], 0.0)
    if not known:
        return FlawScore(title, one, scores, np.nan, "there were too few such planes to know what is usual")
    reasons = {VIEW: _mistaken, SHIFT: _moved, DELAY: _late, ERROR: _badly_predicted}  # what says most comes first
    unusual = [name for name in reasons if known.get(name, 0.0) > SUSPECT]
    why = "; ".join(reasons[name](one, calibration, beat_ms) for name in unusual)
    return FlawScore(title, one, scores, max(known.values()), why)


def _badly_predicted(one: PlaneExamination, calibration: Calibration, _: float) -> str:
    usual = calibration.usual[one.kind][ERROR].median
    times = np.exp(one.measures[ERROR] - usual)
    return f"the rest of the heart tells it {times:.1f} times worse than is usual for such a plane"


def _moved(one: PlaneExamination, _: Calibration, __: float) -> str:
    assert one.displacement is not None  # or it would have no score
    columns, rows = one.displacement.columns_mm, one.displacement.rows_mm
    return f"it lies {np.hypot(columns, rows):.0f} mm off: {columns:+.0f} mm along columns, {rows:+.0f} mm along rows"


def _late(one: PlaneExamination, _: Calibration, beat_ms: float) -> str:
    late = one.delay.beat
    ms = f", {abs(late) * beat_ms:.0f} ms," if np.isfinite(beat_ms) else ""
    return f"it beats {abs(late):.0%} of a beat{ms} {'later' if late > 0 else 'earlier'} than the rest"


def _mistaken(one: PlaneExamination, _: Calibration, __: float) -> str:
    assert one.mistaken is not None  # or it would have no score
    return f"it shows what {one.mistaken.view} should show"
