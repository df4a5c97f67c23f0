"""Acquire a series: grey values and classes of every slice over the whole beat."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.phantom.prescription import Placement, Prescription
from cmr_ssl.phantom.session import Session, detect, limit_resolution, reception
from cmr_ssl.phantom.tissue import (
    Background,
    Scene,
    classify,
    locate,
    measure_depths,
    near_heart,
    paint_heart,
    paint_vessels,
)
from cmr_ssl.phantom.torso import Torso, paint_torso
from cmr_ssl.planes import slice_affine, to_mm

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

POINTS_AT_ONCE = 40_000  # keeps the working arrays in the processor's cache
SUBPLANES = (-1 / 3, 0.0, 1 / 3)  # where a slice is sampled, in units of its thickness


class World(NamedTuple):
    """Everything that is imaged, and the scanner's session."""

    scene: Scene
    torso: Torso
    placement: Placement
    session: Session


class AcquiredSeries(NamedTuple):
    """A series as acquired."""

    plan: Prescription  # its prescription
    pixels: NDArray[np.int16]  # grey values, (T, S, Y, X): NIfTI's order read backwards
    labels: NDArray[np.uint8]  # classes of `anatomy`, (T, S, Y, X)
    shifts: Array  # displacement of the organs by breathing in each slice, patient mm, (S, 3)


def acquire(rng: np.random.Generator, world: World, series: Prescription, breath_mm: float) -> AcquiredSeries:
    """Acquire one series; `breath_mm` is the scatter of breath-hold positions per axis."""
    series = series._replace(thickness=series.thickness * world.session.thickness)
    columns, rows, count = series.shape
    frames = len(world.scene.heart.mitral)
    pixels = np.empty((frames, count, rows, columns), np.int16)
    labels = np.zeros((frames, count, rows, columns), np.uint8)
    shifts = draw_shifts(rng, count, breath_mm)
    for index, shift in enumerate(shifts):
        images, labels[:, index] = _ideal_slice(world, series, index, shift)
        pixels[:, index] = detect(rng, images, world.session)
    return AcquiredSeries(series, pixels, labels, shifts)


def draw_shifts(rng: np.random.Generator, count: int, breath_mm: float) -> Array:
    """Draw displacements of the organs by breath-holds, mostly along the body axis, patient mm, (count, 3)."""
    return rng.normal(0.0, 1.0, (count, 3)) * breath_mm * np.array([0.6, 0.8, 1.3])


def _ideal_slice(world: World, series: Prescription, index: int, shift: Array) -> tuple[Floats, NDArray[np.uint8]]:
    """Return noise-free images (T, Y, X) and classes of one slice."""
    columns, rows, _ = series.shape
    affine = slice_affine(series.affine, index)
    points = to_mm(affine, _grid(columns, rows))
    width = float(np.linalg.norm(affine[:3, 0]))
    chest = paint_torso(points, world.torso, shift, width)
    heart_points = world.placement.to_heart(points - shift).astype(np.float32)
    background = paint_vessels(world.scene, chest, heart_points, width)
    received = reception(world.session, points, world.placement).reshape(rows, columns)
    still = limit_resolution(background.signal.reshape(rows, columns) * received, world.session.resolution)
    images = np.repeat(still[None], len(world.scene.heart.mitral), axis=0)
    labels = np.zeros(images.shape, np.uint8)
    chosen = np.flatnonzero(near_heart(world.scene, heart_points))
    if not len(chosen):
        return images, labels
    behind = Background(background.signal[chosen], background.vessel[chosen])
    normal = affine[:3, 2] / np.linalg.norm(affine[:3, 2]) * series.thickness
    beating, classes = _beating(world, points[chosen] - shift, normal, behind, width)
    row, column = np.divmod(chosen, columns)
    labels[:, row, column] = classes
    change = np.zeros_like(images)
    change[:, row, column] = (beating - behind.signal) * received[row, column]
    window = _window(row, column)
    images[window] += limit_resolution(change[window], world.session.resolution)
    return images, labels


def _grid(columns: int, rows: int) -> Array:
    """Return all pixels of an image, (rows * columns, 2), as (column, row)."""
    row, column = np.divmod(np.arange(rows * columns), columns)
    return np.stack([column, row], axis=1).astype(np.float64)


def _window(row: NDArray[np.intp], column: NDArray[np.intp]) -> tuple[slice, slice, slice]:
    """Return the smallest part of all frames that holds the given pixels, and two pixels around them."""
    sides = [slice(max(0, int(index.min()) - 2), int(index.max()) + 3) for index in (row, column)]
    return slice(None), sides[0], sides[1]


def _beating(
    world: World, points: Array, normal: Array, background: Background, width: float
) -> tuple[Floats, NDArray[np.uint8]]:
    """Return signal (T, N), averaged through the slice, and classes (T, N) at its middle."""
    frames = len(world.scene.heart.mitral)
    signal = np.zeros((frames, len(points)), np.float32)
    labels = np.zeros((frames, len(points)), np.uint8)
    step = max(1, POINTS_AT_ONCE // len(points))
    for offset in SUBPLANES:
        located = locate(world.scene, world.placement.to_heart(points + offset * normal).astype(np.float32))
        for first in range(0, frames, step):
            part = slice(first, first + step)
            depths = measure_depths(world.scene, located, part)
            signal[part] += paint_heart(world.scene, located, depths, background, part, width)
            if offset == 0.0:
                labels[part] = classify(depths)
    return signal / np.float32(len(SUBPLANES)), labels
