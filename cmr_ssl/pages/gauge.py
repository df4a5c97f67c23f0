"""A value beside the range of its peers, as a small drawing."""

from typing import NamedTuple

import numpy as np

from cmr_ssl.pages.percentiles import Standing

WIDTH = 120.0
BEYOND = 0.5  # of the range's width that is drawn on both sides of it


class Gauge(NamedTuple):
    """Places from 0 to `WIDTH`: where the range begins and ends, its median, the value, and whether that is outside."""

    low: float
    high: float
    median: float
    value: float
    outside: bool


def gauge(value: float, standing: Standing) -> Gauge:
    """Return the drawing of a value; what lies far outside stands at the edge."""
    width = max(standing.high - standing.low, 1e-9)
    start, span = standing.low - BEYOND * width, (1 + 2 * BEYOND) * width

    def place(number: float) -> float:
        return round(float(np.clip((number - start) / span, 0.02, 0.98)) * WIDTH, 1)

    outside = not standing.low <= value <= standing.high
    return Gauge(place(standing.low), place(standing.high), place(standing.median), place(value), outside)


def ordinal(percentile: float) -> str:
    """Return a percentile in words; the ends are open, for no cohort is large enough to tell them apart."""
    if percentile < 1:
        return "below 1st"
    if percentile > 99:
        return "above 99th"
    number = round(percentile)
    suffix = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"
