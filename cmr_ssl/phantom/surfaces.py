"""Surfaces around an axis, kept as tables of squared radius.

A surface is r^2(angle, height): constant within an angular step, linear in height. That makes its volume an exact
sum (the trapezoid rule is exact for a linear function) and its evaluation at millions of points two look-ups.
Squared, because r^2 of a rounded apex is linear in height where r is not.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

ANGLES = 256
HEIGHTS = 64
FAR_MM = 14.0  # nothing is painted farther than this from a surface: points beyond need no exact depth

angle = (np.arange(ANGLES) + 0.5) * (2 * np.pi / ANGLES) - np.pi
height = np.linspace(0.0, 1.0, HEIGHTS)
_LAST = np.nextafter(np.float32(HEIGHTS - 1), np.float32(0))
_trapezoid = np.full(HEIGHTS, 1.0 / (HEIGHTS - 1))
_trapezoid[[0, -1]] /= 2


class Surface(NamedTuple):
    """A closed surface over T frames in the heart frame, mm."""

    square: Floats  # squared radius, (T, ANGLES, HEIGHTS)
    bottom: Array  # z of the first height, (T,)
    top: Array  # z of the last height, (T,)
    x: float = 0.0  # of the axis at z = 0
    y: float = 0.0  # of the axis at z = 0
    lean_x: float = 0.0  # drift of the axis per mm of z; leaning leaves the volume unchanged
    lean_y: float = 0.0  # drift of the axis per mm of z


class AxisCoordinates(NamedTuple):
    """Points around a surface's axis: angular step (N,), distance (N,), height z (N,)."""

    step: NDArray[np.intp]
    r: Floats
    z: Floats


def mean_square(square: Array) -> Array:
    """Return the mean over angle and height of tables (..., ANGLES, HEIGHTS)."""
    return (square.mean(axis=-2) * _trapezoid).sum(axis=-1)


def volume_ml(surface: Surface) -> Array:
    """Return the enclosed volume per frame in mL, (T,)."""
    mean = mean_square(surface.square.astype(np.float64))
    return np.pi * mean * (surface.top - surface.bottom) / 1e3


def around_axis(surface: Surface, points: Floats) -> AxisCoordinates:
    """Express points (N, 3) in mm around the axis of `surface`."""
    z = points[:, 2]
    x = points[:, 0] - np.float32(surface.x) - np.float32(surface.lean_x) * z
    y = points[:, 1] - np.float32(surface.y) - np.float32(surface.lean_y) * z
    step = ((np.arctan2(y, x) + np.float32(np.pi)) * np.float32(ANGLES / (2 * np.pi))).astype(np.intp)
    return AxisCoordinates(np.clip(step, 0, ANGLES - 1), np.hypot(x, y), z)


def square_at(surface: Surface, points: AxisCoordinates, frames: slice) -> Floats:
    """Look up the squared radius at each point and frame, (T, N), constant beyond the ends."""
    bottom, top = _column(surface.bottom, frames), _column(surface.top, frames)
    u = (points.z - bottom) * (np.float32(HEIGHTS - 1) / (top - bottom))
    np.clip(u, 0, _LAST, out=u)
    row = u.astype(np.int32)
    u -= row
    tables = surface.square[frames]
    first = np.arange(len(tables), dtype=np.int32)[:, None] * (ANGLES * HEIGHTS)
    row += first + points.step.astype(np.int32) * HEIGHTS
    flat = tables.reshape(-1)
    low = flat.take(row)
    row += 1
    return low + u * (flat.take(row) - low)


def depth(surface: Surface, points: AxisCoordinates, frames: slice) -> Floats:
    """Return the approximate depth of each point inside, mm, negative outside, (T, N)."""
    if points.z.max() < surface.bottom[frames].min() - FAR_MM:
        return np.full((len(surface.bottom[frames]), len(points.z)), -FAR_MM, np.float32)
    inside = np.sqrt(square_at(surface, points, frames)) - points.r
    np.minimum(inside, points.z - _column(surface.bottom, frames), out=inside)
    return np.minimum(inside, _column(surface.top, frames) - points.z, out=inside)


def largest_root(a: Array, b: Array, c: Array) -> Array:
    """Solve a x^2 + b x + c = 0 for its larger root."""
    return (-b + np.sqrt(b * b - 4 * a * c)) / (2 * a)


def _column(values: Array, frames: slice) -> Floats:
    return values[frames, None].astype(np.float32)
