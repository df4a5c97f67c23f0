"""Figures of predicted risk: calibration at horizons, survival by risk group, and decision curves."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from cmr_ssl.report.figure_files import LIMIT, NEUTRAL, POINTS, draw_identity, write_figure
from cmr_ssl.risk_measures import Array, Survival, by_group, net_benefit
from cmr_ssl.survival import kaplan_meier

GROUPS = ("low", "middle", "high")
COLOURS = (POINTS, NEUTRAL, LIMIT)


def draw_calibration(path: Path, risks: Array, outcome: Survival, horizons: list[float]) -> None:
    """Draw observed against predicted risk, in fifths of the latter, at each of H horizons in years, as PNG.

    Args:
        path: file to write.
        risks: predicted at each horizon, (N, H).
        outcome: follow-up of the N subjects.
        horizons: years.
    """
    figure = Figure(figsize=(4.4 * len(horizons), 4.4), layout="constrained")
    for axes, years, risk in zip(np.ravel(figure.subplots(1, len(horizons))), horizons, risks.T, strict=True):
        groups = by_group(risk, outcome, years)
        draw_identity(axes, max(1.05 * float(np.nanmax(groups)), 0.01))
        axes.plot(groups[:, 0], groups[:, 1], "o-", color=POINTS)
        axes.set(title=f"by {years:g} years", xlabel="predicted risk", ylabel="observed (Kaplan-Meier)")
    write_figure(figure, path)


def draw_groups(path: Path, risks: Array, outcome: Survival, title: str) -> None:
    """Draw Kaplan-Meier curves of thirds of the predicted risk, (N,)."""
    figure = Figure(figsize=(5.6, 4.4), layout="constrained")
    axes = figure.subplots()
    thirds = np.array_split(np.argsort(risks, kind="stable"), len(GROUPS))
    for part, name, colour in zip(thirds, GROUPS, COLOURS, strict=True):
        if len(part):
            times, share = (curve.numpy() for curve in kaplan_meier(*outcome.of(part).tensors()))
            label = f"{name} risk, {int(outcome.events[part].sum())} of {len(part)}"
            axes.step(np.r_[0, times], np.r_[1, share], where="post", color=colour, label=label)
    axes.set(title=title, xlabel="years since imaging", ylabel="share without the event")
    axes.legend(loc="lower left")
    write_figure(figure, path)


def draw_decision(path: Path, risks: dict[str, Array], outcome: Survival, years: float) -> None:
    """Draw decision curves: net benefit of treating above a threshold, by risks (N,) of each name, all and none."""
    figure = Figure(figsize=(5.6, 4.4), layout="constrained")
    axes = figure.subplots()
    thresholds = np.linspace(0.01, 0.6, 60)
    everybody = np.ones_like(outcome.years)
    for name, risk in (risks | {"everybody": everybody, "nobody": 0 * everybody}).items():
        axes.plot(thresholds, net_benefit(risk, outcome, years, thresholds), label=name)
    axes.set(title=f"by {years:g} years", xlabel="threshold of risk", ylabel="net benefit", ylim=(-0.05, None))
    axes.legend()
    write_figure(figure, path)
