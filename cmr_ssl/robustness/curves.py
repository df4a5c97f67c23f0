"""One page of curves: every measure against what is missing or flawed."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cmr_ssl.data.cache import write_atomically
from cmr_ssl.robustness.measures import DICE_FULL
from cmr_ssl.robustness.scenarios import FLAWED, NAMED, RANDOM

COLOURS = ("#2f6db3", "#c4513a", "#4b9a5b", "#8a5ba8", "#8c6d31")
MOST_MEASURES = 6  # on a page; all of them are in the table
DOTS_PER_INCH = 120
Tables = Mapping[str, pd.DataFrame]


def draw_curves(path: Path, tables: Tables) -> None:
    """Draw what `measures.table_of` returned of one or more models, by name, beside each other, as PNG."""
    measures = shown(tables)
    figure = Figure(figsize=(13.5, 0.6 + 2.9 * len(measures)), layout="constrained")
    grid = figure.subplots(len(measures), 3, squeeze=False, width_ratios=(1.2, 1, 1.2))
    for row, measure in zip(grid, measures, strict=True):
        for index, (name, table) in enumerate(tables.items()):
            of_measure = table[(table["measure"] == measure[0]) & (table["of"] == measure[1])]
            lift = 0.22 * (index - (len(tables) - 1) / 2)
            curve(row[0], of_measure[of_measure["kind"] == RANDOM], COLOURS[index % len(COLOURS)], name)
            dots(row[1], of_measure[of_measure["kind"] == NAMED], COLOURS[index % len(COLOURS)], lift)
            dots(row[2], of_measure[of_measure["kind"] == FLAWED], COLOURS[index % len(COLOURS)], lift)
        label = " of ".join(filter(None, measure)).replace("MAE of", "MAE of")
        _finish(row, label)
    _title(grid[0], len(tables) > 1)
    write_atomically(path, lambda stream: figure.savefig(stream, format="png", dpi=DOTS_PER_INCH))


def shown(tables: Tables) -> list[tuple[str, str]]:
    """Return the measures to draw, each with what it is of: those of the first embedding, and then of targets."""
    pairs = pd.concat(list(tables.values()))[["measure", "of"]].drop_duplicates()
    pairs = pairs[pairs["measure"] != DICE_FULL]
    return list(pairs.itertuples(index=False, name=None))[:MOST_MEASURES]


def curve(axes: Axes, table: pd.DataFrame, colour: str, name: str) -> None:
    """Draw a measure against the mean number of missing planes, with its interval."""
    rows = table.sort_values("changed")
    axes.fill_between(rows["changed"], rows["low"], rows["high"], color=colour, alpha=0.18, linewidth=0)
    axes.plot(rows["changed"], rows["value"], "o-", color=colour, markersize=3.5, linewidth=1.6, label=name)


def dots(axes: Axes, table: pd.DataFrame, colour: str, lift: float) -> None:
    """Draw a dot with its interval for each scenario, larger the more planes it asks for."""
    names = list(dict.fromkeys(table["scenario"]))
    for planes, rows in table.groupby("planes"):
        at = (
            np.array([names.index(name) for name in rows["scenario"]])
            + lift
            + 0.09 * (float(planes) - 3) / 2 * (planes > 0)
        )
        size = 3 + float(planes)
        axes.hlines(at, rows["low"], rows["high"], color=colour, linewidth=1, alpha=0.6)
        axes.plot(rows["value"], at, "o", color=colour, markersize=size)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.5, -0.5)


def _finish(row: np.ndarray, label: str) -> None:
    row[0].set_ylabel(label)
    row[0].set_xlabel("planes missing", fontsize=8)
    for axes in row[1:]:
        axes.set_xlabel(label, fontsize=8)
    for axes in row:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25, linewidth=0.5)


def _title(row: np.ndarray, several: bool) -> None:
    row[0].set_title("missing at random")
    row[1].set_title("missing by name")
    row[2].set_title("flawed planes: 1, 3, 5 (larger)")
    if several:
        row[0].legend(frameon=False, fontsize=8)
