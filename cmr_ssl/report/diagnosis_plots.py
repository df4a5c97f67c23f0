"""Figures of a diagnosis: ROC and calibration curves."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cmr_ssl.report.figure_files import POINTS, draw_identity, write_figure

BINS = 8  # of equally many subjects


def draw_diagnosis(path: Path, scores: NDArray[np.floating], ill: NDArray[np.bool_], name: str) -> None:
    """Draw ROC and calibration curve as PNG, from probabilities and diagnoses (N,), of which some are true."""
    figure = Figure(figsize=(9.2, 4.4), layout="constrained")
    roc, calibration = figure.subplots(1, 2)
    _roc(roc, scores, ill)
    _calibration(calibration, scores, ill)
    figure.suptitle(f"{name}: {int(ill.sum())} of {len(ill)}")
    write_figure(figure, path)


def _roc(axes: Axes, scores: NDArray[np.floating], ill: NDArray[np.bool_]) -> None:
    order = np.argsort(-scores, kind="stable")
    sensitivity, false_positives = np.cumsum(ill[order]) / ill.sum(), np.cumsum(~ill[order]) / (~ill).sum()
    last = np.r_[np.diff(scores[order]) != 0, True]  # equal scores have one threshold
    axes.plot(np.r_[0, false_positives[last]], np.r_[0, sensitivity[last]], color=POINTS)
    draw_identity(axes, 1)
    axes.set(xlabel="1 - specificity", ylabel="sensitivity")


def _calibration(axes: Axes, scores: NDArray[np.floating], ill: NDArray[np.bool_]) -> None:
    parts = [part for part in np.array_split(np.argsort(scores, kind="stable"), BINS) if len(part)]
    predicted, observed = ([float(values[part].mean()) for part in parts] for values in (scores, ill))
    draw_identity(axes, max(1.05 * max(*predicted, *observed), 0.01))
    axes.plot(predicted, observed, "o-", color=POINTS)
    axes.set(xlabel="predicted probability", ylabel="share with the diagnosis")
