"""Figures of predicted risk: calibration at horizons, survival by risk group, and the worth of acting on it."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from cmr_ssl.files import write_atomically
from cmr_ssl.risk_measures import Array, Survival, by_group, net_benefit
from cmr_ssl.survival import kaplan_meier

GROUPS = ("low", "middle", "high")
COLOURS = ("#2f6db3", "#8a8a8a", "#c4513a")
DOTS_PER_INCH = 130


def draw_calibration(path: Path, risks: Array, outcome: Survival, horizons: list[float]) -> None:
    """Draw the risk that was predicted against what happened, in fifths of it, at each horizon.

    Args:
        path: PNG to write.
        risks: predicted at each horizon, (N, H).
        outcome: what became of the N subjects.
        horizons: years.
    """
    figure = Figure(figsize=(4.4 * len(horizons), 4.4), layout="constrained")
    for axes, years, told in zip(np.ravel(figure.subplots(1, len(horizons))), horizons, risks.T, strict=True):
        groups = by_group(told, outcome, years)
        most = max(1.05 * float(np.nanmax(groups)), 0.01)
        axes.plot([0, most], [0, most], color="#444444", linewidth=0.8)
        axes.plot(groups[:, 0], groups[:, 1], "o-", color=COLOURS[0])
        axes.set(title=f"by {years:g} years", xlabel="predicted risk", ylabel="observed (Kaplan-Meier)")
    write(figure, path)


def draw_groups(path: Path, risks: Array, outcome: Survival, what: str) -> None:
    """Draw Kaplan-Meier curves of thirds of the predicted risk, (N,)."""
    figure = Figure(figsize=(5.6, 4.4), layout="constrained")
    axes = figure.subplots()
    thirds = np.array_split(np.argsort(risks, kind="stable"), len(GROUPS))
    for part, name, colour in zip(thirds, GROUPS, COLOURS, strict=True):
        if len(part):
            times, share = (one.numpy() for one in kaplan_meier(*outcome.of(part).tensors()))
            label = f"{name} risk, {int(outcome.events[part].sum())} of {len(part)}"
            axes.step(np.r_[0, times], np.r_[1, share], where="post", color=colour, label=label)
    axes.set(title=what, xlabel="years since imaging", ylabel="share without the event")
    axes.legend(loc="lower left")
    write(figure, path)


def draw_decision(path: Path, risks: dict[str, Array], outcome: Survival, years: float) -> None:
    """Draw the net benefit of acting above a threshold of risk, by predicted risks (N,) of each name or on all."""
    figure = Figure(figsize=(5.6, 4.4), layout="constrained")
    axes = figure.subplots()
    thresholds = np.linspace(0.01, 0.6, 60)
    everybody = np.ones_like(outcome.years)
    for name, told in (risks | {"everybody": everybody, "nobody": 0 * everybody}).items():
        axes.plot(thresholds, net_benefit(told, outcome, years, thresholds), label=name)
    axes.set(title=f"by {years:g} years", xlabel="threshold of risk", ylabel="net benefit", ylim=(-0.05, None))
    axes.legend()
    write(figure, path)


def write(figure: Figure, path: Path) -> None:
    """Write a figure as PNG, atomically."""
    write_atomically(path, lambda stream: figure.savefig(stream, dpi=DOTS_PER_INCH))
