"""Differences of a plane from its prediction: in intensity, place, time in the beat and view."""

from typing import NamedTuple

import torch
from torch import Tensor

from cmr_ssl.inference.decoding import decode_own_planes, encode_shown
from cmr_ssl.planes import SHORT_AXIS, VIEWS
from cmr_ssl.preparation.checks.intersections import parabola_peak
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.pretraining import PretrainingTask

REACH_MM = 16.0  # largest displacement that is searched
LEAST = 1e-6  # of errors and variances whose logarithm or ratio is taken


class Displacement(NamedTuple):
    """The displacement at which a plane fits its prediction best.

    Attributes:
        columns_mm: of the image, towards larger columns.
        rows_mm: the same along rows.
        gain: of the fit, log((1 - correlation before) / (1 - correlation after)).
    """

    columns_mm: float
    rows_mm: float
    gain: float


class Delay(NamedTuple):
    """The delay at which a plane fits its prediction best, in beats, -0.5 to 0.5; the gain as in `Displacement`."""

    beat: float
    gain: float


class Mistaken(NamedTuple):
    """The other view that an image fits best, and the gain over its own as in `Displacement`; negative if worse."""

    view: str
    gain: float


def log_error(predicted: Tensor, true: Tensor) -> float:
    """Return the logarithm of the mean squared error of a plane, (T, H, W) each."""
    return float((predicted - true).square().mean().clamp(min=LEAST).log())


def displacement(predicted: Tensor, true: Tensor, spacing_mm: float) -> Displacement:
    """Find the displacement of a plane from its prediction, (T, H, W) each, of pixels of `spacing_mm`."""
    reach = min(round(REACH_MM / spacing_mm), (true.shape[-1] - 1) // 4)
    inner = predicted[:, reach:-reach, reach:-reach]
    windows = true.unfold(1, inner.shape[1], 1).unfold(2, inner.shape[2], 1)  # (T, rows, columns, h, w)
    offsets = range(2 * reach + 1)
    fit = torch.stack(
        [torch.stack([correlation(inner, windows[:, row, column]) for column in offsets]) for row in offsets]
    )  # (2 reach + 1, 2 reach + 1), rows then columns
    row, column = divmod(int(fit.argmax()), fit.shape[1])
    rows = row + peak(fit[max(0, row - 1) : row + 2, column]) - reach
    columns = column + peak(fit[row, max(0, column - 1) : column + 2]) - reach
    return Displacement(columns * spacing_mm, rows * spacing_mm, gain(fit[reach, reach], fit.max()))


def delay(predicted: Tensor, true: Tensor) -> Delay:
    """Find the delay of a plane's beat against its prediction, (T, H, W) each."""
    expected, observed = (cine - cine.mean(dim=0) for cine in (predicted, true))
    frames = len(true)
    fit = torch.stack([correlation(expected, observed.roll(-frame, 0)) for frame in range(frames)])  # (T,)
    best = int(fit.argmax())
    exact = best + peak(fit[[(best - 1) % frames, best, (best + 1) % frames]])
    return Delay((exact / frames + 0.5) % 1 - 0.5, gain(fit[0], fit.max()))


def mistaken_views(task: PretrainingTask, heart: Sample) -> dict[int, Mistaken]:
    """Return the view that each long-axis image fits best, predicted from the short axis alone; by index of the plane.

    Empty where there is no short axis, or one long-axis plane only.
    """
    short = heart.view[0] == VIEWS.index(SHORT_AXIS)
    slices, long = heart.present[0] & short, heart.present[0] & ~short
    if not slices.any() or long.sum() < 2:
        return {}
    predicted = decode_own_planes(task, heart, encode_shown(task, heart, slices), long)
    planes = long.nonzero().flatten().tolist()
    mistaken = {}
    for own, plane in enumerate(planes):
        fits = [correlation(expected, heart.images[0, plane]) for expected in predicted]
        best = max((other for other in range(len(planes)) if other != own), key=lambda other: float(fits[other]))
        mistaken[plane] = Mistaken(VIEWS[heart.view[0, planes[best]]], gain(fits[own], fits[best]))
    return mistaken


def correlation(first: Tensor, second: Tensor) -> Tensor:
    """Return the correlation of two tensors of the same shape, ()."""
    first, second = first - first.mean(), second - second.mean()
    return (first * second).sum() / (first.square().sum() * second.square().sum()).clamp(min=LEAST).sqrt()


def gain(before: Tensor, after: Tensor) -> float:
    """Return log((1 - before) / (1 - after)) of two correlations."""
    return float(((1 - before).clamp(min=LEAST) / (1 - after).clamp(min=LEAST)).log())


def peak(fit: Tensor) -> float:
    """Return the maximum of the parabola through three values, -0.5 to 0.5 from the middle; 0 for fewer values."""
    return parabola_peak(*fit.tolist()) if len(fit) == 3 else 0.0
