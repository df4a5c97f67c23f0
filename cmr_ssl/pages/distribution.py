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
MOST_POINTS = 1500  # that are drawn; a page of a biobank must still open


class Histogram(NamedTuple):
    """Counts in equal bins.

    Attributes:
        title: name of the phenotype.
        unit: of it.
        x: the axis.
        bars: left edge, width, and for each group top and height of its part, from the bottom up.
        told: number of values, median and middle half in words.
    """

    title: str
    unit: str
    x: Axis
    bars: list[tuple[float, float, list[tuple[float, float]]]]
    told: str


def histogram(title: str, unit: str, groups: list[Array]) -> Histogram | None:
    """Return the histogram of values in groups that are stacked; None where nothing is known.

    Args:
        title: name of the phenotype.
        unit: of it.
        groups: values of each group, NaN left out.
    """
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
    for place, column in enumerate(counts.T):
        tops = HEIGHT - BOTTOM - np.cumsum(column) * unit_height
        parts = [(round(float(top), 1), round(float(n * unit_height), 1)) for top, n in zip(tops, column, strict=True)]
        bars.append((round(x.start + place * step, 1), round(step - 0.8, 1), parts))
    quarter, median, three = np.quantile(everything, [0.25, 0.5, 0.75])
    told = f"median {median:.4g}, middle half {quarter:.4g} to {three:.4g}, N {len(everything)}"
    return Histogram(title, unit, x, bars, told)


class BlandAltman(NamedTuple):
    """Differences from the truth against means of both, with bias and limits of agreement.

    Attributes:
        title: name of the phenotype.
        unit: of it.
        x: axis of the means.
        y: axis of the differences.
        points: of the subjects.
        lines: place, name, value and whether it is the bias.
        told: what the plot leaves out; "" if nothing.
    """

    title: str
    unit: str
    x: Axis
    y: Axis
    points: list[tuple[float, float]]
    lines: list[tuple[float, str, str, bool]]
    told: str


def bland_altman(title: str, unit: str, predicted: Array, true: Array, measured: dict[str, Estimate]) -> BlandAltman:
    """Return the plot of Bland and Altman (Lancet 1986).

    Args:
        title: name of the phenotype.
        unit: of it.
        predicted: (N,), no NaN.
        true: (N,).
        measured: bias and limits of agreement, see `agreement`.
    """
    mean, difference = (predicted + true) / 2, predicted - true
    bounds = [measured[key].value for key in ("LoA low", "bias", "LoA high")]
    reach = 1.15 * max(float(np.abs([*difference, *bounds]).max()), 1e-6)
    x = axis(float(mean.min()), float(mean.max()), 34, PLOT - 40, ticks=4)
    y = axis(-reach, reach, PLOT - 24, 10, ticks=4)
    every = -(-len(mean) // MOST_POINTS)
    points = [(x(float(m)), y(float(d))) for m, d in zip(mean[::every], difference[::every], strict=True)]
    named = zip(("-1.96 SD", "bias", "+1.96 SD"), bounds, strict=True)
    lines = [(y(value), name, number(value), name == "bias") for name, value in named if np.isfinite(value)]
    return BlandAltman(title, unit, x, y, points, lines, f"one of {every} subjects is drawn" if every > 1 else "")
