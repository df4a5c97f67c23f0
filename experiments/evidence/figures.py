"""Figures that are understood in a minute: errors against labels, and against missing planes."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cmr_ssl.files import write_atomically
from experiments.evidence.arms import BOTH, RAW, SHIPPED, TOKENS, UNTRAINED, WHOLE

COLOURS = {
    RAW: "#999999",
    UNTRAINED: "#555555",
    TOKENS: "#c0392b",
    SHIPPED: "#e59866",
    WHOLE: "#2874a6",
    BOTH: "#7d3c98",
    "fine-tuned": "#641e16",
    "scratch": "#148f77",
    "ResNet": "#b7950b",
}
WIDTH = 0.8  # of a group of bars


def draw_curves(path: Path, errors: pd.DataFrame, arms: Sequence[str]) -> None:
    """Draw the error of each target against the number of labels, a line an arm with its 95 % interval."""
    targets = list(dict.fromkeys(errors["target"]))
    figure = Figure(figsize=(10, 6), layout="constrained")
    for axis, target in zip(figure.subplots(2, 3).ravel(), targets, strict=False):
        for arm in arms:
            some = errors[(errors["target"] == target) & (errors["arm"] == arm)].sort_values("labels")
            if len(some):
                axis.plot(some["labels"], some["value"], marker="o", markersize=3, color=COLOURS[arm], label=arm)
                axis.fill_between(some["labels"], some["low"], some["high"], color=COLOURS[arm], alpha=0.15)
        counts = sorted(errors["labels"].unique())
        axis.set_xscale("log")
        axis.set_xticks(counts, [str(count) for count in counts])
        axis.set_xticks([], minor=True)
        axis.set_ylim(bottom=0)
        finish(axis, target, "labelled subjects")
    save(figure, path)


def draw_planes(path: Path, errors: pd.DataFrame, arms: Sequence[str], targets: Sequence[str]) -> None:
    """Draw the error of some targets under each condition, a bar an arm with its 95 % interval."""
    conditions = list(dict.fromkeys(errors["test"]))
    shown = [arm for arm in arms if arm in set(errors["arm"])]
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    for axis, target in zip(np.atleast_1d(figure.subplots(1, len(targets))), targets, strict=True):
        for index, arm in enumerate(shown):
            some = errors[(errors["target"] == target) & (errors["arm"] == arm)].set_index("test").reindex(conditions)
            away = np.arange(len(conditions)) + (index - (len(shown) - 1) / 2) * WIDTH / len(shown)
            ends = [some["value"] - some["low"], some["high"] - some["value"]]
            axis.bar(
                away, some["value"], WIDTH / len(shown), color=COLOURS[arm], label=arm, yerr=ends, ecolor="#00000080"
            )
        axis.set_xticks(range(len(conditions)), [name.replace(" ", "\n", 1) for name in conditions])
        finish(axis, target, "")
    save(figure, path)


def finish(axis: Axes, title: str, below: str) -> None:
    """Give an axis its titles and leave out what says nothing."""
    axis.set_title(f"mean absolute error, {title}", fontsize=9)
    axis.set_xlabel(below, fontsize=8)
    axis.tick_params(labelsize=7)
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(alpha=0.25, linewidth=0.5, axis="y")


def save(figure: Figure, path: Path) -> None:
    """Write a figure with one legend for all its axes."""
    handles = {
        label: handle for axis in figure.axes for handle, label in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=5, frameon=False, fontsize=8)
    write_atomically(path, lambda stream: figure.savefig(stream, format="png", dpi=110))
