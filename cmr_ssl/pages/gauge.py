"""A value beside the range of its peers, as a small drawing."""

from typing import NamedTuple

import numpy as np

from cmr_ssl.pages.percentiles import Standing

WIDTH = 120.0
BEYOND = 0.5  # of the range's width, drawn on both sides of it


class Gauge(NamedTuple):
    """Positions from 0 to `WIDTH` of range, median and value, and whether the value is outside the range."""

    low: float
    high: float
    median: float
    value: float
    outside: bool


def gauge(value: float, standing: Standing) -> Gauge:
    """Return the drawing of a value; one far outside is drawn at the edge."""
    width = max(standing.high - standing.low, 1e-9)
    start, span = standing.low - BEYOND * width, (1 + 2 * BEYOND) * width

    def position(number: float) -> float:
        return round(float(np.clip((number - start) / span, 0.02, 0.98)) * WIDTH, 1)

    outside = not standing.low <= value <= standing.high
    return Gauge(position(standing.low), position(standing.high), position(standing.median), position(value), outside)


def ordinal(percentile: float) -> str:
    """Return a percentile in words; beyond 1 and 99 no cohort is large enough."""
    if not 1 <= percentile <= 99:
        return "below 1st" if percentile < 1 else "above 99th"
    number = round(percentile)
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
