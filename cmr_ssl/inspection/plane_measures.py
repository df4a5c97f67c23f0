"""How a plane differs from what the rest of its heart predicts: in what it shows, where it lies and when it beats."""

from typing import NamedTuple

import torch
from torch import Tensor

from cmr_ssl.inference.decoding import decode_own_planes, encode_shown
from cmr_ssl.planes import SHORT_AXIS, VIEWS
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.pretraining import PretrainingTask

REACH_MM = 16.0  # how far a slice is looked for
LEAST = 1e-6  # of errors and variances whose logarithm or ratio is taken


class Displacement(NamedTuple):
    """Where a plane fits its prediction best.

    Attributes:
        columns_mm: how far the image lies to the side of larger columns of where it should.
        rows_mm: the same along rows.
        gain: how much better it fits there: logarithm of (1 - correlation), before minus after.
    """

    columns_mm: float
    rows_mm: float
    gain: float


class Delay(NamedTuple):
    """When a plane fits its prediction best: how late it beats, share of a beat -0.5 to 0.5; the gain as above."""

    beat: float
    gain: float


class Mistaken(NamedTuple):
    """Which other view an image fits best, and the gain over its own as in `Displacement`; below 0 if it fits worse."""

    view: str
    gain: float


def log_error(predicted: Tensor, true: Tensor) -> float:
    """Return the logarithm of the mean squared error of a plane, (T, H, W) each."""
    return float((predicted - true).square().mean().clamp(min=LEAST).log())


def displacement(predicted: Tensor, true: Tensor, spacing_mm: float) -> Displacement:
    """Look for a plane in its neighbourhood.

    Args:
        predicted: what it should show, (T, H, W).
        true: what it shows, (T, H, W).
        spacing_mm: pixel size.
    """
    reach = min(round(REACH_MM / spacing_mm), (true.shape[-1] - 1) // 4)
    inner = predicted[:, reach:-reach, reach:-reach]
    fit = torch.stack(
        [
            torch.stack([correlation(inner, window) for window in windows(strip, 2, inner.shape[2])])
            for strip in windows(true, 1, inner.shape[1])
        ]
    )  # (2 reach + 1, 2 reach + 1), rows then columns
    row, column = divmod(int(fit.argmax()), fit.shape[1])
    rows = row + peak(fit[max(0, row - 1) : row + 2, column]) - reach
    columns = column + peak(fit[row, max(0, column - 1) : column + 2]) - reach
    return Displacement(columns * spacing_mm, rows * spacing_mm, gain(fit[reach, reach], fit.max()))


def delay(predicted: Tensor, true: Tensor) -> Delay:
    """Look for the beat of a plane, (T, H, W) each, around the beat that it should have."""
    should, does = (cine - cine.mean(dim=0) for cine in (predicted, true))
    frames = len(true)
    fit = torch.stack([correlation(should, does.roll(-late, 0)) for late in range(frames)])
    late = int(fit.argmax())
    late_exactly = late + peak(fit[[(late - 1) % frames, late, (late + 1) % frames]])
    return Delay((late_exactly / frames + 0.5) % 1 - 0.5, gain(fit[0], fit.max()))


def mistaken_views(task: PretrainingTask, heart: Sample) -> dict[int, Mistaken]:
    """Say which view each long-axis image fits best, judged by the short axis alone; by index of the plane.

    Nothing where there is no short axis, or one long-axis plane only.
    """
    short = heart.view[0] == VIEWS.index(SHORT_AXIS)
    slices, long = heart.present[0] & short, heart.present[0] & ~short
    if not slices.any() or long.sum() < 2:
        return {}
    predicted = decode_own_planes(task, heart, encode_shown(task, heart, slices), long)
    index = long.nonzero().flatten().tolist()
    found = {}
    for own, plane in enumerate(index):
        fits = [correlation(other, heart.images[0, plane]) for other in predicted]
        best = max((at for at in range(len(index)) if at != own), key=lambda at: float(fits[at]))
        found[plane] = Mistaken(VIEWS[heart.view[0, index[best]]], gain(fits[own], fits[best]))
    return found


def windows(cine: Tensor, axis: int, size: int) -> list[Tensor]:
    """Return all windows of `size` along an axis."""
    return [cine.narrow(axis, start, size) for start in range(cine.shape[axis] - size + 1)]


def correlation(one: Tensor, other: Tensor) -> Tensor:
    """Return the correlation of two tensors of the same shape, ()."""
    one, other = one - one.mean(), other - other.mean()
    return (one * other).sum() / (one.square().sum() * other.square().sum()).clamp(min=LEAST).sqrt()


def gain(before: Tensor, after: Tensor) -> float:
    """Return how much better one correlation is than another; see `Displacement`."""
    return float(((1 - before).clamp(min=LEAST) / (1 - after).clamp(min=LEAST)).log())


def peak(fit: Tensor) -> float:
    """Return where the parabola through three values has its top, -0.5 to 0.5 from the middle; 0 at an edge."""
    if len(fit) < 3:
        return 0.0
    before, middle, after = fit.tolist()
    bend = before - 2 * middle + after
    return 0.0 if bend >= 0 else 0.5 * (before - after) / bend
