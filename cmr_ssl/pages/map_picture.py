"""The map of a cohort as a still picture, for browsers without scripts and for paper."""

from io import BytesIO

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_hex
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cmr_ssl.pages.map_columns import COLOURS, MISSING, OTHER, CategoryColumn, MapColumn, NumberColumn

STEPS = 64  # of the colours of numbers
BRIGHTEST = 0.94  # of viridis; what is beyond is hardly seen on white
DOTS_PER_INCH = 110


def scale_colours() -> list[str]:
    """Return the colours of numbers from low to high: steps of equal size look equally large in viridis."""
    return [to_hex(colour) for colour in colormaps["viridis"](np.linspace(0, BRIGHTEST, STEPS))]


def map_picture(places: NDArray[np.float32], column: MapColumn | None) -> bytes:
    """Return a PNG of subjects at their places (N, 2), coloured by a column."""
    figure = Figure(figsize=(8, 6.4), layout="constrained")
    axes = figure.subplots()
    size = float(np.clip(4e4 / len(places), 2, 30))
    if isinstance(column, NumberColumn):
        _draw_numbers(axes, places, column, size)
    elif isinstance(column, CategoryColumn):
        _draw_categories(axes, places, column, size)
    else:
        axes.scatter(places[:, 0], places[:, 1], s=size, color=OTHER, linewidths=0)
    axes.set_aspect("equal", "datalim")
    axes.set_xticks([])
    axes.set_yticks([])
    stream = BytesIO()
    figure.savefig(stream, format="png", dpi=DOTS_PER_INCH)
    return stream.getvalue()


def _draw_numbers(axes: Axes, places: NDArray[np.float32], column: NumberColumn, size: float) -> None:
    known = np.isfinite(column.values)
    axes.scatter(places[~known, 0], places[~known, 1], s=size, color=MISSING, linewidths=0)
    colours = ListedColormap(scale_colours())
    drawn = axes.scatter(
        places[known, 0],
        places[known, 1],
        s=size,
        c=column.values[known],
        cmap=colours,
        vmin=column.low,
        vmax=column.high,
        linewidths=0,
    )
    axes.figure.colorbar(drawn, ax=axes, label=_plain(column.name), extend="both")


def _draw_categories(axes: Axes, places: NDArray[np.float32], column: CategoryColumn, size: float) -> None:
    colours = np.array([*column.colours, MISSING])
    axes.scatter(places[:, 0], places[:, 1], s=size, c=colours[column.codes], linewidths=0)
    for name, colour in zip(column.names, column.colours, strict=True):
        if colour in COLOURS:
            axes.scatter([], [], color=colour, label=_plain(name))
    if OTHER in column.colours:
        axes.scatter([], [], color=OTHER, label="other")
    if (column.codes < 0).any():
        axes.scatter([], [], color=MISSING, label="missing")
    axes.legend(title=_plain(column.name))


def _plain(text: str) -> str:
    """Return a text in which matplotlib finds no formula, and no legend entry to hide."""
    return text.replace("$", r"\$").lstrip("_")[:60]
