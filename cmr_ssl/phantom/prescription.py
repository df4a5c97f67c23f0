"""Position of the heart in the body, and the planes that an operator prescribes, with human scatter.

Patient coordinates are RAS+ mm around the middle of the chest at heart level.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.phantom.heart import Heart
from cmr_ssl.planes import LONG_AXIS, SHORT_AXIS, heart_frame, unit

Array = NDArray[np.float64]

PIXEL_MM = 380.0 / 208.0
COLUMNS = 208
SLICE_GAP_MM = 10.0
SLICE_MM = 8.0
SLICES = (10, 12)  # fewest and most
LONG_AXIS_MM = 6.0
LONG_AXIS_ANGLE = {"la_2ch": 90.0, "la_3ch": 30.0, "la_4ch": -30.0}  # 0 is mid-septum, 90 anterior
PATIENT_LEFT, PATIENT_BACK, PATIENT_DOWN = np.diag([-1.0, -1.0, -1.0])


class Placement(NamedTuple):
    """Rotation (3, 3) from heart to patient axes and the mitral centre at end-diastole in patient mm, (3,)."""

    rotation: Array
    origin: Array

    def to_heart(self, points: Array) -> Array:
        """Map patient mm (N, 3) to heart mm (N, 3)."""
        return (points - self.origin) @ self.rotation


class Prescription(NamedTuple):
    """One series to acquire: a stack of parallel slices."""

    view: str  # name of the view
    affine: Array  # voxel (column, row, slice, 1) to patient mm, (4, 4)
    shape: tuple[int, int, int]  # columns, rows, slices
    thickness: float  # of a slice, mm


def place_heart(rng: np.random.Generator, centre: Array, depth: float) -> Placement:
    """Draw the position of a heart whose ventricles have their middle at `centre`, patient mm, (3,).

    That middle lies `depth` mm below the mitral plane.
    """
    elevation, azimuth = np.deg2rad(rng.normal(32.0, 7.0)), np.deg2rad(rng.normal(30.0, 9.0))
    apex = np.array([-np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), -np.sin(elevation)])
    rotation = heart_frame(centre, -apex)[:3, :3].T @ _rotation(2, rng.normal(0.0, 6.0))
    return Placement(rotation, centre - rotation @ np.array([8.0, 0.0, -depth]))


def _rotation(axis: int, degrees: float) -> Array:
    """Return the rotation about one coordinate axis."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    i, j = [(1, 2), (2, 0), (0, 1)][axis]
    rotation = np.eye(3)
    rotation[[i, i, j, j], [i, j, i, j]] = c, -s, s, c
    return rotation


def prescribe(rng: np.random.Generator, heart: Heart, placement: Placement, scale: int) -> list[Prescription]:
    """Return the short-axis stack and the three long-axis views; `scale` 2 doubles the pixel and halves the matrix."""
    rows = int(rng.integers(45, 53)) * 4
    views = [_short_axis(rng, heart, placement, (COLUMNS, rows), scale)]
    return views + [_long_axis(rng, heart, placement, view, (COLUMNS, rows), scale) for view in LONG_AXIS]


def _short_axis(
    rng: np.random.Generator, heart: Heart, placement: Placement, matrix: tuple[int, int], scale: int
) -> Prescription:
    top = rng.uniform(8.0, 14.0)
    count = int(np.clip(np.ceil((top - float(heart.epi.bottom[0])) / SLICE_GAP_MM), *SLICES))
    tilt = (
        _rotation(0, rng.normal(0.0, 2.5)) @ _rotation(1, rng.normal(0.0, 2.5)) @ _rotation(2, rng.normal(-25.0, 8.0))
    )
    axes = placement.rotation @ tilt @ np.diag([-1.0, -1.0, -1.0])
    middle = np.array([10.0, 0.0, 0.0]) + rng.uniform(-18.0, 18.0, 3) * [1, 1, 0]
    centre = placement.origin + placement.rotation @ tilt @ (middle + [0.0, 0.0, top])
    return _stack(SHORT_AXIS, axes, centre, (*matrix, count), (SLICE_GAP_MM, SLICE_MM), scale)


def _long_axis(
    rng: np.random.Generator, heart: Heart, placement: Placement, view: str, matrix: tuple[int, int], scale: int
) -> Prescription:
    theta = np.deg2rad(LONG_AXIS_ANGLE[view] + np.clip(rng.normal(0.0, 5.0), -12, 12))
    tilt = _rotation(0, rng.normal(0.0, 2.0)) @ _rotation(1, rng.normal(0.0, 2.0))
    normal = placement.rotation @ tilt @ np.cross(_long_axis_of(heart), [np.cos(theta), np.sin(theta), 0.0])
    right, down = (PATIENT_LEFT, PATIENT_BACK) if view == "la_4ch" else (PATIENT_BACK, PATIENT_DOWN)
    axes = _image_axes(normal, right, down) @ _rotation(2, rng.normal(0.0, 6.0))
    middle = np.array([0.0, 0.0, float(heart.epi.bottom[0])]) + 75.0 * _long_axis_of(heart)
    centre = placement.origin + placement.rotation @ middle + axes[:, 2] * rng.normal(0.0, 2.0)
    centre = centre + axes[:, :2] @ rng.uniform(-15.0, 15.0, 2)
    return _stack(view, axes, centre, (*matrix, 1), (LONG_AXIS_MM, LONG_AXIS_MM), scale)


def _long_axis_of(heart: Heart) -> Array:
    """Return the operator's long axis, from the apex to the middle of the left atrium, (3,)."""
    la, high = heart.la, float(heart.la.top[0]) / 2
    return unit(np.array([la.x + la.lean_x * high, la.y + la.lean_y * high, high - float(heart.epi.bottom[0])]))


def _image_axes(normal: Array, right: Array, down: Array) -> Array:
    """Return column, row and slice directions (as columns of a matrix) of an image seen with `right` and `down`."""
    normal = unit(normal)
    row = unit(down - (down @ normal) * normal)
    column = np.cross(row, normal)
    if column @ right < 0:
        column, normal = -column, -normal
    return np.stack([column, row, normal], axis=1)


def _stack(
    view: str, axes: Array, centre: Array, shape: tuple[int, int, int], slices: tuple[float, float], scale: int
) -> Prescription:
    """Return a stack whose first slice is centred on `centre`; `slices` are gap and thickness in mm."""
    columns, rows, count = shape[0] // scale, shape[1] // scale, shape[2]
    steps = np.array([PIXEL_MM * scale, PIXEL_MM * scale, slices[0]])
    affine = np.eye(4)
    affine[:3, :3] = axes * steps
    affine[:3, 3] = centre - affine[:3, :2] @ ((np.array([columns, rows]) - 1) / 2)
    return Prescription(view, affine, (columns, rows, count), slices[1])
