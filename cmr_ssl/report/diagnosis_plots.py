"""Figures of a diagnosis: who is found at which price, and whether probabilities mean what they say."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from cmr_ssl.report.risk_plots import COLOURS, write

BINS = 8  # of equally many subjects


def draw_diagnosis(path: Path, scores: NDArray[np.floating], ill: NDArray[np.bool_], name: str) -> None:
    """Draw the ROC curve beside the calibration curve, as PNG.

    Args:
        path: file to write.
        scores: probabilities of N subjects, (N,).
        ill: who has the diagnosis, (N,), some and not all.
        name: of the diagnosis.
    """
    figure = Figure(figsize=(9.2, 4.4), layout="constrained")
    roc, calibration = figure.subplots(1, 2)
    _roc(roc, scores, ill)
    _calibration(calibration, scores, ill)
    figure.suptitle(f"{name}: {int(ill.sum())} of {len(ill)}")
    write(figure, path)


def _roc(axes: Axes, scores: NDArray[np.floating], ill: NDArray[np.bool_]) -> None:
    order = np.argsort(-scores, kind="stable")
    found, wrong = np.cumsum(ill[order]) / ill.sum(), np.cumsum(~ill[order]) / (~ill).sum()
    last = np.r_[np.diff(scores[order]) != 0, True]  # equal scores are called ill together
    axes.plot(np.r_[0, wrong[last]], np.r_[0, found[last]], color=COLOURS[0])
    axes.plot([0, 1], [0, 1], color="#444444", linewidth=0.8)
    axes.set(xlabel="1 - specificity", ylabel="sensitivity")


def _calibration(axes: Axes, scores: NDArray[np.floating], ill: NDArray[np.bool_]) -> None:
    parts = [part for part in np.array_split(np.argsort(scores, kind="stable"), BINS) if len(part)]
    said, seen = ([float(values[part].mean()) for part in parts] for values in (scores, ill))
    most = max(1.05 * max(*said, *seen), 0.01)
    axes.plot([0, most], [0, most], color="#444444", linewidth=0.8)
    axes.plot(said, seen, "o-", color=COLOURS[0])
    axes.set(xlabel="predicted probability", ylabel="share with the diagnosis")
