"""One page of curves: every measure against what is missing or flawed, of one model or of several."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import cycle
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from cmr_ssl.files import write_atomically
from cmr_ssl.robustness.scenarios import FLAWED, FLAWED_PLANES, NAMED, RANDOM
from cmr_ssl.robustness.scores import DICE_FULL, essential

COLOURS = ("#2f6db3", "#c4513a", "#4b9a5b", "#8a5ba8", "#8c6d31")
MOST_MEASURES = 4  # on a page; all of them are in the table
DOTS_PER_INCH = 120


def draw_curves(path: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    """Draw what `measures.table_of` returned of one or more models, by name, in the same panels, as PNG."""
    models = {name: essential(table) for name, table in tables.items()}
    panels = measures_of(list(models.values()))
    height = 2.7 + 0.25 * len(models)
    figure = Figure(figsize=(13.5, 0.6 + height * len(panels)), layout="constrained")
    grid = figure.subplots(len(panels), 3, squeeze=False, width_ratios=(1.2, 1, 1.2))
    for row, (measure, of) in zip(grid, panels, strict=True):
        chosen = [table[(table["measure"] == measure) & (table["of"] == of)] for table in models.values()]
        draw_row(row, chosen, f"{measure} {of}".strip())
    for axes, title in zip(grid[0], titles(models.values()), strict=True):
        axes.set_title(title)
    if len(models) > 1:
        lines = [Line2D([], [], color=colour, label=name) for colour, name in zip(cycle(COLOURS), models, strict=False)]
        figure.legend(handles=lines, loc="outside lower center", ncols=len(lines), frameon=False)
    write_atomically(path, lambda stream: figure.savefig(stream, format="png", dpi=DOTS_PER_INCH))


def titles(tables: Iterable[pd.DataFrame]) -> tuple[str, str, str]:
    """Return the titles of the columns; that of flaws says at how many planes they are."""
    flawed = {planes for table in tables for planes in table.loc[table["kind"] == FLAWED, "planes"] if planes}
    several = " (larger dots)" if len(flawed) > 1 else ""
    counts = ", ".join(map(str, sorted(flawed)))
    return "missing at random", "missing or moved, by name", f"flawed planes: {counts}{several}"


def measures_of(tables: Sequence[pd.DataFrame]) -> list[tuple[str, str]]:
    """Return the measures that are drawn, each with what it is of."""
    pairs = pd.concat(tables)[["measure", "of"]].drop_duplicates()
    pairs = pairs[pairs["measure"] != DICE_FULL]
    return list(pairs.itertuples(index=False, name=None))[:MOST_MEASURES]


def draw_row(row: NDArray[np.object_], tables: Sequence[pd.DataFrame], label: str) -> None:
    """Draw one measure of each model: along the number of missing planes, and by the names of what is wrong."""
    lane = 0.84 / len(tables)  # of the room of a scenario, for each model
    for index, table in enumerate(tables):
        if table.empty:
            continue  # this model does not say such a thing
        colour, lift = COLOURS[index % len(COLOURS)], lane * (index - (len(tables) - 1) / 2)
        curve(row[0], table[table["kind"] == RANDOM], colour)
        dots(row[1], table[table["kind"] == NAMED], colour, lift, lane)
        dots(row[2], table[table["kind"] == FLAWED], colour, lift, lane)
    row[0].set(xlabel="planes missing", ylabel=label)
    for axes in row[1:]:
        axes.set_xlabel(label)
    for axes in row:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25, linewidth=0.5)


def curve(axes: Axes, table: pd.DataFrame, colour: str) -> None:
    """Draw a measure against the mean number of missing planes, with its interval."""
    rows = table.sort_values("changed")
    axes.fill_between(rows["changed"], rows["low"], rows["high"], color=colour, alpha=0.18, linewidth=0)
    axes.plot(rows["changed"], rows["value"], "o-", color=colour, markersize=3.5, linewidth=1.6)


def dots(axes: Axes, table: pd.DataFrame, colour: str, lift: float, lane: float) -> None:
    """Draw a dot with its interval for each scenario, larger and lower in its lane the more planes it asks for."""
    names = list(dict.fromkeys(table["scenario"]))
    for planes, rows in table.groupby("planes"):
        count = int(planes) or FLAWED_PLANES[1]
        at = rows["scenario"].map(names.index).to_numpy() + lift + 0.15 * lane * (count - FLAWED_PLANES[1])
        axes.hlines(at, rows["low"], rows["high"], color=colour, linewidth=1, alpha=0.6)
        axes.plot(rows["value"], at, "o", color=colour, markersize=1.5 + 0.6 * count)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    for between in range(len(names) - 1):
        axes.axhline(between + 0.5, color="0.85", linewidth=0.6)
    axes.set_ylim(len(names) - 0.4, -0.8)
