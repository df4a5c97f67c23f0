"""Check the alignment of slices: different breath-holds shift them, wrong triggers delay their beat."""

import warnings
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.preparation.checks.intersections import LEAST_AGREEMENT, cross
from cmr_ssl.preparation.checks.prepared_planes import Measure, PreparedPlanes

Array = NDArray[np.float64]


class Fit(NamedTuple):
    """The fit of S slices to L long-axis planes, NaN where unknown.

    Attributes:
        directions: of the lines, (S, L, 3).
        shifts: of slices along the lines, mm, (S, L); a shift that all slices share is the long-axis plane's own.
        lags: of slices, shares of the beat, (S, L).
    """

    directions: Array
    shifts: Array
    lags: Array


def alignment(scene: PreparedPlanes) -> list[Measure]:
    """Measure the shift of each slice in its plane, their mean, and the lag of each plane."""
    if not (scene.beats and scene.stack and scene.long):
        return []
    fit = crossings(scene)
    long_lags = _median(fit.lags, axis=0)  # (L,)
    lags = [*_median(fit.lags - long_lags, axis=1), *long_lags]
    planes = zip([*scene.stack, *scene.long], lags, strict=True)
    measures = [scene.measure("mistriggered", plane, abs(lag)) for plane, lag in planes if np.isfinite(lag)]
    shifts = in_plane(fit)
    known = np.flatnonzero(np.isfinite(shifts))
    measures += [scene.measure("misaligned-slice", scene.stack[index], shifts[index]) for index in known]
    if 2 * len(known) >= len(shifts):
        worst = scene.stack[known[shifts[known].argmax()]]
        measures.append(scene.measure("misaligned-stack", worst, shifts[known].mean(), whole=True))
    return measures


def crossings(scene: PreparedPlanes) -> Fit:
    """Compare every slice with every long-axis plane."""
    rows = [
        [
            cross((scene.images[long], scene.images[plane]), (scene.affines[long], scene.affines[plane]))
            for long in scene.long
        ]
        for plane in scene.stack
    ]
    values = np.array([[(pair.shift_mm, pair.lag, pair.agreement) for pair in row] for row in rows])  # (S, L, 3)
    values[values[..., 2] < LEAST_AGREEMENT] = np.nan
    return Fit(np.array([[pair.direction for pair in row] for row in rows]), values[..., 0], values[..., 1])


def in_plane(fit: Fit) -> Array:
    """Return the shift of each slice in its plane against the others, mm, (S,), NaN where unknown.

    Along lines with directions d_l the shifts are s_l = d_l . v; the vector v is solved by least squares.
    """
    relative = fit.shifts - _median(fit.shifts, axis=0)
    lengths = np.full(len(relative), np.nan)
    for index, (along, shift) in enumerate(zip(fit.directions[..., :2], relative, strict=True)):
        known = np.isfinite(shift)
        if known.sum() >= 2:
            lengths[index] = np.linalg.norm(np.linalg.lstsq(along[known], shift[known])[0])
    return lengths


def _median(values: Array, axis: int) -> Array:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # NaN where all are unknown
        return np.asarray(np.nanmedian(values, axis=axis))
