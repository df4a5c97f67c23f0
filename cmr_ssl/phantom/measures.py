"""Volumes as UK Biobank's own analysis would read them off the written label maps.

Short axis: sum of slices times their spacing, gap included. Atria: area-length. ED is frame 0, ES the frame with the
smallest LV cavity; the RV is read at the same two frames.
"""

import numpy as np
from numpy.typing import NDArray

from cmr_ssl import anatomy
from cmr_ssl.phantom.heart import MUSCLE_G_PER_ML

Array = NDArray[np.float64]
Labels = NDArray[np.uint8]
AREA_LENGTH = 8.0 / (3.0 * np.pi)


def simpson(labels: Labels, voxel_mm: tuple[float, float, float], heart_rate: float) -> dict[str, float]:
    """Return ventricular volumes (mL), mass (g), ejection fractions (%) and output (L/min) of a short-axis stack.

    Args:
        labels: classes, (T, S, Y, X).
        voxel_mm: column step, row step and slice spacing.
        heart_rate: beats per minute.
    """
    ml = float(np.prod(voxel_mm)) * 1e-3
    lv, muscle, rv = (_counts(labels, value) * ml for value in (anatomy.LV, anatomy.MYOCARDIUM, anatomy.RV))
    es = int(lv.argmin())
    values = {"LVM (g)": muscle[0] * MUSCLE_G_PER_ML}
    values |= ejection("LV", float(lv[0]), float(lv[es]), heart_rate)
    return values | ejection("RV", float(rv[0]), float(rv[es]))


def _counts(labels: Labels, value: int) -> NDArray[np.int64]:
    return np.count_nonzero(labels == value, axis=tuple(range(1, labels.ndim)))


def ejection(chamber: str, edv: float, esv: float, heart_rate: float | None = None) -> dict[str, float]:
    """Return a ventricle's four numbers under the field's column names, and its output if the heart rate is given."""
    sv = edv - esv
    values = {f"{chamber}EDV (mL)": edv, f"{chamber}ESV (mL)": esv, f"{chamber}SV (mL)": sv}
    values[f"{chamber}EF (%)"] = 100.0 * sv / edv if edv > 0 else np.nan
    return values if heart_rate is None else values | {f"{chamber}CO (L/min)": sv * heart_rate / 1e3}


def emptying(atrium: str, largest: float, smallest: float) -> dict[str, float]:
    """Return an atrium's four numbers under the field's column names."""
    sv = largest - smallest
    values = {f"{atrium}V max (mL)": largest, f"{atrium}V min (mL)": smallest, f"{atrium}SV (mL)": sv}
    return values | {f"{atrium}EF (%)": 100.0 * sv / largest if largest > 0 else np.nan}


def area_length(two: Labels | None, four: Labels | None, pixel_mm: float) -> dict[str, float]:
    """Return atrial volumes: left from both views, or the one there is; right from the four-chamber view.

    Args:
        two: classes of the two-chamber view, (T, Y, X).
        four: classes of the four-chamber view, (T, Y, X).
        pixel_mm: of both views.
    """
    left = [extent(view, anatomy.LA, pixel_mm) for view in (two, four) if view is not None]
    values: dict[str, float] = {}
    if left:
        areas = left[0][0] * left[-1][0]
        values |= _cycle("LA", areas, np.mean([length for _, length in left], axis=0))
    if four is not None:
        area, length = extent(four, anatomy.RA, pixel_mm)
        values |= _cycle("RA", area * area, length)
    return values


def _cycle(atrium: str, squared_area: Array, length: Array) -> dict[str, float]:
    volume = AREA_LENGTH * squared_area / np.where(length > 0, length, np.nan) * 1e-3
    if np.isnan(volume).any():
        return emptying(atrium, np.nan, np.nan)
    return emptying(atrium, float(volume.max()), float(volume.min()))


def extent(labels: Labels, value: int, pixel_mm: float) -> tuple[Array, Array]:
    """Return area in mm2 and length in mm of an atrium at every frame, each (T,).

    The length runs along the line through the centroids of the thirds nearest to and farthest from the valve; where
    the ventricle cannot be seen, along the longest axis.
    """
    area = _counts(labels, value) * pixel_mm**2
    return area, np.array([_length(frame, value) * pixel_mm for frame in labels])


def _length(frame: Labels, value: int) -> float:
    inside = np.argwhere(frame == value).astype(np.float64)
    if len(inside) < 9:
        return 0.0
    valve = np.argwhere((frame == anatomy.LV) | (frame == anatomy.RV)).astype(np.float64)
    middle = inside.mean(axis=0)
    towards = middle - valve.mean(axis=0) if len(valve) else np.linalg.svd(inside - middle)[2][0]
    height = inside @ towards
    low, high = np.quantile(height, [1 / 3, 2 / 3])
    axis = inside[height >= high].mean(axis=0) - inside[height <= low].mean(axis=0)
    axis /= max(float(np.linalg.norm(axis)), 1e-9)
    near = np.abs((inside - middle) @ np.array([-axis[1], axis[0]])) <= 1.0
    along = (inside[near] - middle) @ axis
    return float(along.max() - along.min()) + 1.0
