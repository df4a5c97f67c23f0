"""Do the slices fit each other? Breath-holds that differ shift them, wrong triggers turn their beat."""

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.preparation.checks.intersections import LEAST_AGREEMENT, Crossing, cross
from cmr_ssl.preparation.checks.prepared_planes import Measure, PreparedPlanes

Array = NDArray[np.float64]


class Fit(NamedTuple):
    """How S slices fit L long-axis planes, NaN where nothing is told.

    Attributes:
        directions: of the lines, (S, L, 3).
        shifts: of slices along the lines, mm, (S, L); what all slices share is the long-axis plane's own.
        lags: of slices, shares of the beat, (S, L).
    """

    directions: Array
    shifts: Array
    lags: Array


def alignment(scene: PreparedPlanes) -> list[Measure]:
    """Measure how far each slice, and on average the stack, is shifted in its plane, and how late each plane beats."""
    if not (scene.beats and scene.stack and scene.long):
        return []
    fit = crossings(scene)
    late = _median(fit.lags, axis=0)
    lags = [*_median(fit.lags - late, axis=1), *late]
    planes = [*scene.stack, *scene.long]
    found = [scene.measure("mistriggered", p, abs(lag)) for p, lag in zip(planes, lags, strict=True) if lag == lag]
    shifts = in_plane(fit)
    known = np.flatnonzero(np.isfinite(shifts))
    found += [scene.measure("misaligned-slice", scene.stack[index], shifts[index]) for index in known]
    if 2 * len(known) >= len(shifts):
        worst = scene.stack[known[shifts[known].argmax()]]
        found.append(scene.measure("misaligned-stack", worst, shifts[known].mean(), whole=True))
    return found


def crossings(scene: PreparedPlanes) -> Fit:
    """Compare every slice with every long-axis plane."""
    rows = [[_cross(scene, plane, long) for long in scene.long] for plane in scene.stack]
    values = np.array([[(one.shift_mm, one.lag, one.agreement) for one in row] for row in rows])
    values[values[..., 2] < LEAST_AGREEMENT] = np.nan
    return Fit(np.array([[one.direction for one in row] for row in rows]), values[..., 0], values[..., 1])


def in_plane(fit: Fit) -> Array:
    """Return how far each slice is shifted in its plane against the others, mm, (S,), NaN where that is not told."""
    relative = fit.shifts - _median(fit.shifts, axis=0)
    lengths = np.full(len(relative), np.nan)
    for index, (along, shift) in enumerate(zip(fit.directions[..., :2], relative, strict=True)):
        known = np.isfinite(shift)
        if known.sum() >= 2:
            lengths[index] = np.linalg.norm(np.linalg.lstsq(along[known], shift[known])[0])
    return lengths


def _cross(scene: PreparedPlanes, plane: int, long: int) -> Crossing:
    return cross((scene.images[long], scene.images[plane]), (scene.affines[long], scene.affines[plane]))


def _median(values: Array, axis: int) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # where nothing is told, NaN is the answer
        return np.asarray(np.nanmedian(values, axis=axis))
