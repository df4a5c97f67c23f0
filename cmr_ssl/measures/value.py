"""One measured number, with where, when and in what unit it was measured, or why it was not."""

from typing import NamedTuple

import numpy as np

NAN = float("nan")


class Value(NamedTuple):
    """One line of the long table.

    Attributes:
        measure: name, as the data dictionary has it.
        segment: where: an AHA segment ("1" to "17"), a level ("basal", "mid", "apical"), a view, or "global".
        phase: when: "ED", "ES", "ED to ES" for a change between both, or "beat".
        value: NaN where it cannot be told.
        unit: of the value.
        reason: why it is NaN.
    """

    measure: str
    segment: str
    phase: str
    value: float
    unit: str
    reason: str = ""


def told(measure: str, segment: str, phase: str, value: float, unit: str, reason: str) -> Value:
    """Return a value; its reason is kept only where the value is NaN."""
    return Value(measure, segment, phase, float(value), unit, "" if np.isfinite(value) else reason)


def relative(before: float, after: float) -> float:
    """Return 100 (after - before) / before, percent; NaN where there is nothing to relate to."""
    return 100.0 * (after - before) / before if before > 0 else NAN
