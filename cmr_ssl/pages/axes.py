"""Axes of the pages' drawings: round ticks, and positions of numbers."""

from typing import NamedTuple

import numpy as np

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


class Axis(NamedTuple):
    """One axis of a drawing."""

    low: float  # number at its start
    high: float  # number at its end
    start: float  # position of its start, in units of the drawing
    end: float  # position of its end
    ticks: list[float]  # round numbers on it

    def __call__(self, value: float) -> float:
        """Return the position of a number, rounded so that pages stay small."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    @property
    def labels(self) -> list[tuple[float, str]]:
        """Positions and texts of the ticks."""
        return [(self(tick), f"{tick:g}") for tick in self.ticks]


def axis(low: float, high: float, start: float, end: float, ticks: int = 5, whole: bool = False) -> Axis:
    """Return an axis that shows numbers from `low` to `high` at positions from `start` to `end`.

    It has about `ticks` round numbers; a `whole` axis starts and ends at one of them.
    """
    high = high if high > low else low + 1.0
    step = round_step((high - low) / max(ticks, 1))
    if whole:
        low, high = step * np.floor(low / step + 1e-9), step * np.ceil(high / step - 1e-9)
    first = np.ceil(low / step - 1e-9)
    count = int(np.floor(high / step + 1e-9) - first) + 1
    return Axis(float(low), float(high), start, end, [float(round((first + k) * step, 10)) for k in range(count)])


def round_step(least: float) -> float:
    """Return the smallest of 1, 2, 2.5 and 5 times a power of ten that is at least `least`."""
    power = 10.0 ** np.floor(np.log10(max(least, 1e-12)))
    return float(next(power * step for step in STEPS if power * step >= least * (1 - 1e-9)))
