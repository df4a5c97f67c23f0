"""Follow-up of a synthetic patient: heart failure from a stated hazard, death, and loss to follow-up.

The hazard of heart failure t years after imaging, for patients without prevalent heart failure, is

    h(t) = shape / scale (t / scale)^(shape - 1) exp(x),

where x, the log hazard, is a sum over heart and table with the weights of `WEIGHTS`. No model can rank patients better
than x itself, so the concordance of x is the best possible one.
"""

from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np

from cmr_ssl.concordance import concordance
from cmr_ssl.phantom.patient import Patient, Row

OUTCOME, IMAGED, DIED, LOST = "Heart failure date", "Imaging date", "Death date", "Lost to follow-up date"
LOG_HAZARD = "True log hazard"
FIRST, LAST, END = date(2015, 1, 1), date(2021, 12, 31), date(2025, 12, 31)  # of imaging; end of follow-up
SCALE_YEARS, SHAPE = 26.0, 1.15
DAYS = 365.25  # a year
WEIGHTS = {
    "pump": -0.55, "atrium": 0.45, "load": 0.35, "dilated": 0.2,  # of the heart
    "age": 0.4, "male": 0.25, "metabolic": 0.25, "lifestyle": 0.3,
}  # fmt: skip


def log_hazard(patient: Patient) -> float:
    """Return x of a patient: weighted sum of z scores, and of the indicator of men."""
    return sum(weight * float(getattr(patient, name)) for name, weight in WEIGHTS.items())


def follow_up(rng: np.random.Generator, patient: Patient, prevalent: bool) -> Row:
    """Draw the dates of one patient, empty for events that did not happen, and return them with the log hazard."""
    value = log_hazard(patient)
    imaged = FIRST + timedelta(days=int(rng.integers((LAST - FIRST).days)))
    uniform, death, loss, before = rng.random(4)
    fails = SCALE_YEARS * float((-np.log1p(-uniform) * np.exp(-value)) ** (1 / SHAPE))
    dies = 90.0 * float(-np.log1p(-death) * np.exp(-0.7 * patient.age))
    leaves = -400.0 * float(np.log1p(-loss))
    ends = min(dies, leaves, (END - imaged).days / DAYS)
    failed = imaged - _years(0.1 + 9 * before) if prevalent else imaged + _years(fails) if fails <= ends else None
    return {
        IMAGED: str(imaged),
        OUTCOME: str(failed or ""),
        DIED: str(imaged + _years(dies)) if dies <= ends else "",
        LOST: str(imaged + _years(leaves)) if leaves <= ends else "",
        LOG_HAZARD: value,
    }


def describe(rows: Sequence[Row]) -> dict[str, object]:
    """Return the description of a cohort's follow-up: hazard, numbers of cases, and best possible concordance."""
    followed = [(str(row[IMAGED]), str(row[OUTCOME]), _ended(row), float(row[LOG_HAZARD])) for row in rows]
    incident = [row for row in followed if not row[1] or row[1] > row[0]]
    times = np.array([_between(imaged, failed or ended) for imaged, failed, ended, _ in incident])
    events = np.array([bool(failed) for _, failed, _, _ in incident], dtype=bool)
    best = concordance(np.array([value for *_, value in incident]), times, events)
    return {
        "outcome": OUTCOME,
        "hazard": f"{SHAPE} / {SCALE_YEARS} (t / {SCALE_YEARS})^{SHAPE - 1:.2f} exp(x), t in years since imaging",
        "x": WEIGHTS,
        "followed until": str(END),
        "subjects": len(rows),
        "before imaging": len(rows) - len(incident),
        "after imaging": int(events.sum()),
        "best possible concordance": None if np.isnan(best) else round(best, 4),
    }


def _years(count: float) -> timedelta:
    return timedelta(days=max(1, round(count * DAYS)))


def _ended(row: Row) -> str:
    return min(str(row[name]) for name in (DIED, LOST) if row[name]) if row[DIED] or row[LOST] else str(END)


def _between(start: str, end: str) -> float:
    return (date.fromisoformat(end) - date.fromisoformat(start)).days / DAYS
