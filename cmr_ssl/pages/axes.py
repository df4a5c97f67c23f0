"""Axes of the pages' drawings: round ticks, and numbers to places."""

from typing import NamedTuple

import numpy as np

STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


class Axis(NamedTuple):
    """One axis of a drawing.

    Attributes:
        low: number at its beginning.
        high: number at its end.
        start: place of its beginning, in units of the drawing.
        end: place of its end.
        ticks: round numbers on it.
    """

    low: float
    high: float
    start: float
    end: float
    ticks: list[float]

    def __call__(self, value: float) -> float:
        """Return the place of a number, rounded so that pages stay small."""
        share = (value - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)

    @property
    def labels(self) -> list[tuple[float, str]]:
        """The places of the ticks and what is written there."""
        return [(self(tick), f"{tick:g}") for tick in self.ticks]


def axis(low: float, high: float, start: float, end: float, ticks: int = 5, whole: bool = False) -> Axis:
    """Return an axis from one number to another.

    Args:
        low: lowest number to be shown.
        high: highest.
        start: place of the beginning.
        end: place of the end.
        ticks: about how many round numbers are marked.
        whole: whether the axis begins and ends at round numbers.
    """
    high = high if high > low else low + 1.0
    step = round_step((high - low) / max(ticks, 1))
    if whole:
        low, high = step * np.floor(low / step + 1e-9), step * np.ceil(high / step - 1e-9)
    first = np.ceil(low / step - 1e-9)
    count = int(np.floor(high / step + 1e-9) - first) + 1
    return Axis(float(low), float(high), start, end, [float(round((first + k) * step, 10)) for k in range(count)])


def round_step(least: float) -> float:
    """Return the smallest 1, 2, 2.5 or 5 x a power of ten that is no less than `least`."""
    power = 10.0 ** np.floor(np.log10(max(least, 1e-12)))
    return float(next(power * step for step in STEPS if power * step >= least * (1 - 1e-9)))


def polyline(points: list[tuple[float, float]]) -> str:
    """Return the points of a line as SVG wants them."""
    return " ".join(f"{x:g},{y:g}" for x, y in points)
