"""Distributions and agreement of a cohort as drawings."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.agreement import Estimate
from cmr_ssl.pages.axes import Axis, axis
from cmr_ssl.pages.render import number

Array = NDArray[np.float64]

WIDTH, HEIGHT = 250, 130
LEFT, RIGHT, TOP, BOTTOM = 8, 8, 8, 22
BINS = 24
PLOT = 250  # side of an agreement plot
MOST_POINTS = 1500  # of a plot, so that the page of a biobank still opens


class Histogram(NamedTuple):
    """Counts in equal bins."""

    title: str  # name of the phenotype
    unit: str  # of it
    x: Axis  # the axis
    bars: list[tuple[float, float, list[tuple[float, float]]]]  # left edge, width, and tops and heights of groups
    caption: str  # median, middle half and number of values


def histogram(title: str, unit: str, groups: list[Array]) -> Histogram | None:
    """Return a histogram of stacked groups of values, NaN left out; None without any value."""
    known = [values[np.isfinite(values)] for values in groups]
    everything = np.concatenate(known)
    if not len(everything):
        return None
    low, high = float(everything.min()), float(everything.max())
    x = axis(low, high, LEFT, WIDTH - RIGHT, ticks=4)
    counts = np.array([np.histogram(values, BINS, (x.low, x.high))[0] for values in known])
    unit_height = (HEIGHT - TOP - BOTTOM) / max(int(counts.sum(axis=0).max()), 1)
    step = (x.end - x.start) / BINS
    bars = []
    for index, column in enumerate(counts.T):
        tops = HEIGHT - BOTTOM - np.cumsum(column) * unit_height
        parts = [(round(float(top), 1), round(float(n * unit_height), 1)) for top, n in zip(tops, column, strict=True)]
        bars.append((round(x.start + index * step, 1), round(step - 0.8, 1), parts))
    lower, median, upper = np.quantile(everything, [0.25, 0.5, 0.75])
    caption = f"median {median:.4g}, middle half {lower:.4g} to {upper:.4g}, N {len(everything)}"
    return Histogram(title, unit, x, bars, caption)


class BlandAltman(NamedTuple):
    """Differences from the truth against means of both, with bias and limits of agreement."""

    title: str  # name of the phenotype
    unit: str  # of it
    x: Axis  # axis of the means
    y: Axis  # axis of the differences
    points: list[tuple[float, float]]  # of the subjects
    lines: list[tuple[float, str, str, bool]]  # height, name, value and whether it is the bias
    caption: str  # which subjects are left out; "" if none


def bland_altman(title: str, unit: str, predicted: Array, true: Array, measured: dict[str, Estimate]) -> BlandAltman:
    """Return the plot of Bland and Altman (Lancet 1986).

    Args:
        title: name of the phenotype.
        unit: of it.
        predicted: (N,), no NaN.
        true: (N,), no NaN.
        measured: bias and limits of agreement, see `agreement`.
    """
    mean, difference = (predicted + true) / 2, predicted - true
    bounds = [measured[key].value for key in ("LoA low", "bias", "LoA high")]
    reach = 1.15 * max(float(np.abs([*difference, *bounds]).max()), 1e-6)
    x = axis(float(mean.min()), float(mean.max()), 34, PLOT - 40, ticks=4)
    y = axis(-reach, reach, PLOT - 24, 10, ticks=4)
    stride = -(-len(mean) // MOST_POINTS)
    points = [(x(float(m)), y(float(d))) for m, d in zip(mean[::stride], difference[::stride], strict=True)]
    named = zip(("-1.96 SD", "bias", "+1.96 SD"), bounds, strict=True)
    lines = [(y(value), name, number(value), name == "bias") for name, value in named if np.isfinite(value)]
    return BlandAltman(title, unit, x, y, points, lines, f"one of {stride} subjects is drawn" if stride > 1 else "")
