"""Figures of agreement between predicted and true values, and of volumes over the beat."""

import re
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cmr_ssl.agreement import Estimate, agreement, known_pairs
from cmr_ssl.anatomy import CLASSES, COLOURS
from cmr_ssl.report.figure_files import LIMIT, LINE, POINTS, write_figure
from cmr_ssl.volumes import ends_of_beat

Array = NDArray[np.float64]


def draw_agreement(
    path: Path, predicted: NDArray[np.floating], true: NDArray[np.floating], name_with_unit: str
) -> None:
    """Draw predicted against true values beside their differences (Bland and Altman), as PNG.

    Args:
        path: file to write.
        predicted: one value a subject, (N,).
        true: (N,); subjects in which either is not finite are left out.
        name_with_unit: such as "LVEDV (mL)".
    """
    shown, truth = known_pairs(predicted, true)
    measured = agreement(shown, truth)
    figure = Figure(figsize=(9.6, 4.4), layout="constrained")
    scatter, differences = figure.subplots(1, 2)
    _scatter(scatter, shown, truth, measured, name_with_unit)
    _bland_altman(differences, shown, truth, measured, name_with_unit)
    write_figure(figure, path)


def draw_bland_altman(
    path: Path, first: NDArray[np.floating], second: NDArray[np.floating], name_with_unit: str
) -> None:
    """Draw the differences of two acquisitions against their means, as PNG.

    Args:
        path: file to write.
        first: one value a subject, (N,).
        second: (N,); subjects in which either is not finite are left out.
        name_with_unit: such as "LVEDV (mL)".
    """
    one, other = known_pairs(first, second)
    figure = Figure(figsize=(5.6, 4.4), layout="constrained")
    axes = figure.subplots()
    _bland_altman(axes, other, one, agreement(other, one), name_with_unit)
    axes.set(xlabel=f"mean of both {name_with_unit}", ylabel=f"second - first {name_with_unit}")
    write_figure(figure, path)


def draw_curves(path: Path, curves: dict[str, Array], frame_ms: float | None, title: str) -> None:
    """Draw volumes over the beat as PNG, with ED and ES where the left ventricle is largest and smallest.

    Args:
        path: file to write.
        curves: structure to its volume in mL at every frame, (T,), NaN where unknown; those with another number of
            frames than the first share its beat.
        frame_ms: time between the frames of the first curve, None if unknown.
        title: above the figure.
    """
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.subplots()
    beat = len(next(iter(curves.values()), [0])) * (frame_ms or 1.0)
    for name, curve in curves.items():
        _curve(axes, np.arange(len(curve)) / len(curve) * beat, curve, name)
    if np.isfinite(curves.get("LV", np.empty(0))).sum() > 1:
        _mark_ends(axes, curves["LV"], beat)
    axes.set(title=title, xlabel="time (ms)" if frame_ms else "frame", ylabel="volume (mL)")
    axes.set_xlim(-0.02 * beat, beat)
    axes.set_ylim(bottom=0)
    if curves:
        axes.legend(frameon=False, ncols=len(curves), loc="upper center", bbox_to_anchor=(0.5, -0.15))
    _tidy(axes)
    write_figure(figure, path)


def _scatter(axes: Axes, predicted: Array, true: Array, measured: dict[str, Estimate], name: str) -> None:
    """Draw predicted against true values with the line of identity."""
    _points(axes, true, predicted)
    axes.axline((0, 0), slope=1, color=LINE, linewidth=1)
    if len(true):
        low, high = np.min([predicted, true]), np.max([predicted, true])
        margin = 0.06 * (high - low) or 1.0
        axes.set(xlim=(low - margin, high + margin), ylim=(low - margin, high + margin))
    axes.set_aspect("equal")
    axes.set(xlabel=f"true {name}", ylabel=f"predicted {name}")
    lines = [
        _estimate_text("r", measured["Pearson"], ""),
        _estimate_text("MAE", measured["MAE"], _unit(name)),
        f"N {len(true)}",
    ]
    axes.text(0.04, 0.96, "\n".join(lines), transform=axes.transAxes, va="top", fontsize=9)
    _tidy(axes)


def _bland_altman(axes: Axes, predicted: Array, true: Array, measured: dict[str, Estimate], name: str) -> None:
    """Draw differences against means, with bias and limits of agreement."""
    _points(axes, (predicted + true) / 2, predicted - true)
    axes.axhline(0, color=LINE, linewidth=0.6)
    for key, words, style in (("bias", "bias", "-"), ("LoA high", "+1.96 SD", "--"), ("LoA low", "-1.96 SD", "--")):
        value = measured[key].value
        if np.isfinite(value):
            axes.axhline(value, color=LIMIT, linewidth=1.2, linestyle=style)
            beside = axes.get_yaxis_transform()
            axes.annotate(f"{words}\n{value:.3g}", (1.01, value), xycoords=beside, fontsize=8, va="center")
    axes.set(xlabel=f"mean of predicted and true {name}", ylabel=f"predicted - true {name}")
    axes.margins(y=0.15)
    if not np.any(predicted - true):
        axes.set_ylim(-1, 1)
    _tidy(axes)


def _points(axes: Axes, x: Array, y: Array) -> None:
    """Draw one point a subject, paler the more there are."""
    axes.scatter(x, y, s=16, color=POINTS, alpha=float(np.clip(10 / np.sqrt(len(x) + 1), 0.15, 0.8)), linewidths=0)


def _estimate_text(word: str, estimate: Estimate, unit: str) -> str:
    """Return an estimate with its interval as text."""
    if not np.isfinite(estimate.value):
        return f"{word} unknown"
    interval = f" ({estimate.low:.3g} to {estimate.high:.3g})" if np.isfinite(estimate.low) else ""
    return f"{word} {estimate.value:.3g}{unit and ' '}{unit}{interval}"


def _unit(name: str) -> str:
    """Return the unit in brackets at the end of a name."""
    match = re.search(r"\(([^()]*)\)\s*$", name)
    return match[1] if match else ""


def _curve(axes: Axes, times: Array, curve: Array, name: str) -> None:
    """Draw one curve; points, if only some frames are known."""
    known = np.isfinite(curve)
    style = "-" if known.all() else "o:"
    colour = np.array(COLOURS[CLASSES.index(name)]) / 255
    axes.plot(times[known], curve[known], style, color=colour, label=name, linewidth=1.8)


def _mark_ends(axes: Axes, lv: Array, beat: float) -> None:
    """Mark end diastole and end systole."""
    for word, frame in zip(("ED", "ES"), ends_of_beat(lv), strict=True):
        time = frame / len(lv) * beat
        axes.axvline(time, color=LINE, linewidth=0.7, linestyle="--")
        axes.plot([time], [lv[frame]], marker="o", color=LINE, markersize=5)
        text = axes.annotate(f"{word} {lv[frame]:.0f}", (time, lv[frame]), xytext=(6, 7), textcoords="offset points")
        text.set(fontsize=9, bbox={"facecolor": "white", "alpha": 0.75, "edgecolor": "none", "pad": 1.0})


def _tidy(axes: Axes) -> None:
    """Remove the frame, and add a pale grid."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.2, linewidth=0.5)
