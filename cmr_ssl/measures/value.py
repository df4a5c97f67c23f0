"""One measured number with its place, phase and unit, or the reason why it is missing."""

from typing import NamedTuple

import numpy as np


class Value(NamedTuple):
    """One line of the long table."""

    measure: str  # name in the data dictionary
    segment: str  # an AHA segment ("1" to "17"), a level ("basal", "mid", "apical"), a view, a chamber, or "global"
    phase: str  # "ED", "ES", "ED to ES" for a change between both, or "beat"
    value: float  # NaN where it cannot be measured
    unit: str  # of the value
    reason: str = ""  # why it is NaN


def value_or_reason(measure: str, segment: str, phase: str, value: float, unit: str, reason: str) -> Value:
    """Return a value; its reason stays only where the value is NaN."""
    return Value(measure, segment, phase, float(value), unit, "" if np.isfinite(value) else reason)


def relative(before: float, after: float) -> float:
    """Return 100 (after - before) / before, percent; NaN where `before` is 0."""
    return 100.0 * (after - before) / before if before > 0 else float("nan")
