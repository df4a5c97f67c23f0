"""The figure of the page: retrieval, survival by predicted risk, and how well risks rank patients."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cmr_ssl.report.figure_files import LIMIT, NEUTRAL, POINTS, write_figure
from cmr_ssl.risk_measures import Array, Survival
from cmr_ssl.survival import kaplan_meier
from experiments.statistics import Estimate

THIRDS = {"low": POINTS, "middle": NEUTRAL, "high": LIMIT}


def draw(
    path: Path, found: Mapping[str, Estimate], risks: Array, outcome: Survival, ranked: Mapping[str, Estimate]
) -> None:
    """Draw what the page says.

    Args:
        path: PNG file to write.
        found: shares of own counterparts that come first, by what was shown.
        risks: predicted for N patients, (N,).
        outcome: their follow-up.
        ranked: concordance, by what it was predicted from.
    """
    figure = Figure(figsize=(13.0, 3.9), layout="constrained")
    retrieval, survival, concordance = figure.subplots(1, 3, width_ratios=(1.0, 1.1, 1.1))
    draw_bars(retrieval, {name: Estimate(*(100 * one for one in share)) for name, share in found.items()})
    retrieval.axvline(1.0, color=NEUTRAL, linestyle=":")
    retrieval.set(title="Own table found by image", xlabel="% first of 100; dotted: by chance", xlim=(0, None))
    draw_survival(survival, risks, outcome)
    draw_bars(concordance, ranked)
    concordance.set(title="Heart failure after imaging", xlabel="concordance", xlim=(0.5, None))
    write_figure(figure, path)


def draw_bars(axes: Axes, values: Mapping[str, Estimate]) -> None:
    """Draw values with their intervals, from top to bottom."""
    names = list(values)[::-1]
    shown = np.array([values[name] for name in names])
    reach = np.abs(shown[:, 1:] - shown[:, :1]).T
    axes.barh(names, shown[:, 0], xerr=reach, color=POINTS, height=0.6, capsize=3)


def draw_survival(axes: Axes, risks: Array, outcome: Survival) -> None:
    """Draw Kaplan-Meier curves of thirds of the predicted risk."""
    thirds = np.array_split(np.argsort(risks, kind="stable"), len(THIRDS))
    for part, (name, colour) in zip(thirds, THIRDS.items(), strict=True):
        times, share = (curve.numpy() for curve in kaplan_meier(*outcome.of(part).tensors()))
        label = f"{name} risk: {int(outcome.events[part].sum())} of {len(part)}"
        axes.step(np.r_[0, times], np.r_[1, share], where="post", color=colour, label=label)
    axes.set(
        title="By third of the fused risk", xlabel="years since imaging", ylabel="without heart failure", ylim=(0, 1)
    )
    axes.legend(loc="lower left", frameon=False)
