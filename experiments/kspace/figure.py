"""The figure of docs/kspace.md."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cmr_ssl.files import write_atomically
from cmr_ssl.robustness.curves import COLOURS, DOTS_PER_INCH
from cmr_ssl.robustness.undersampling import FULL, LINES, RECONSTRUCTED, ZERO_FILLED
from experiments.kspace.cines import DICE, DICE_OF_THE_SAME
from experiments.kspace.features import CENTRAL, TAUGHT
from experiments.kspace.ways import SHARED

COLOUR = dict(zip((ZERO_FILLED, SHARED, RECONSTRUCTED, TAUGHT, LINES), COLOURS, strict=True))
COLOUR |= {FULL: "black", CENTRAL: "grey"}
OF_THE_SAME = ", head of the same"


def draw(path: Path, errors: Mapping[tuple[str, float], np.ndarray], found: pd.DataFrame, paid: pd.DataFrame) -> None:
    """Draw the error of LVEF, the NMSE, the Dice and the seconds against R, as PNG."""
    figure = Figure(figsize=(15, 4.4), layout="constrained")
    lvef, nmse, dice, seconds = figure.subplots(1, 4)
    curves(lvef, lvef_of(errors), "error of LVEF, points (dashed: head of the same)")
    curves(nmse, mean_of(found, "NMSE"), "NMSE of the cine")
    curves(dice, mean_of(found, DICE), "Dice of the myocardium (dashed: U-Net of the same)")
    curves(dice, mean_of(found, DICE_OF_THE_SAME).assign(way=lambda table: table["way"] + OF_THE_SAME), None)
    seconds.plot(paid["acceleration"], paid["seconds"], "o-", color=COLOUR[LINES], markersize=3.5)
    seconds.set(ylabel="seconds of a step on lines", yscale="log")
    for one in (lvef, nmse, dice, seconds):
        one.set_xscale("log", base=2)
        one.set_xlabel("acceleration R")
        one.spines[["top", "right"]].set_visible(False)
        one.grid(alpha=0.25, linewidth=0.5)
    figure.suptitle("k-space simulated from magnitudes of synthetic hearts", fontsize=9)
    handles, names = lvef.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=len(names), fontsize=8, frameon=False)
    write_atomically(path, lambda stream: figure.savefig(stream, format="png", dpi=DOTS_PER_INCH))


def lvef_of(errors: Mapping[tuple[str, float], np.ndarray]) -> pd.DataFrame:
    """Return the mean error of LVEF, a row a way and acceleration."""
    return pd.DataFrame(
        [{"way": way, "acceleration": at, "value": values[:, 0].mean()} for (way, at), values in errors.items()]
    )


def mean_of(found: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Return the mean of a measure of cines, a row a way and acceleration."""
    means = found[found["measure"] == measure].groupby(["way", "acceleration"], sort=False)["value"].mean()
    return means.reset_index()


def curves(axes: Axes, table: pd.DataFrame, label: str | None) -> None:
    """Draw a curve a way; full images are a level."""
    for way, rows in table.groupby("way", sort=False):
        plain = str(way).removesuffix(OF_THE_SAME)
        style = "--" if plain != way else "-"
        if plain == FULL:
            axes.axhline(rows["value"].iloc[0], color=COLOUR[FULL], linestyle=style, linewidth=1, label=plain)
        else:
            name = plain if plain == way else None
            axes.plot(rows["acceleration"], rows["value"], f"o{style}", color=COLOUR[plain], markersize=3.5, label=name)
    if label:
        axes.set_ylabel(label, fontsize=9)
