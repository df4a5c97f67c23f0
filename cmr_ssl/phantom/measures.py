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


def simpson(labels: Labels, voxel_mm3: float, heart_rate: float) -> dict[str, float]:
    """Return ventricular volumes (mL), mass (g), ejection fractions (%) and output (L/min) of a short-axis stack.

    Args:
        labels: classes, (T, S, Y, X).
        voxel_mm3: pixel area times slice spacing.
        heart_rate: beats per minute.
    """
    chambers = (anatomy.LV, anatomy.MYOCARDIUM, anatomy.RV)
    lv, muscle, rv = (_counts(labels, value) * voxel_mm3 * 1e-3 for value in chambers)
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


def area_length(two: Labels, four: Labels, pixel_mm: float) -> dict[str, float]:
    """Return atrial volumes: left from both long-axis views, right from the four-chamber view.

    Args:
        two: classes of the two-chamber view, (T, Y, X).
        four: classes of the four-chamber view, (T, Y, X).
        pixel_mm: of both views.
    """
    two_area, two_length = extent(two, anatomy.LA, pixel_mm)
    four_area, four_length = extent(four, anatomy.LA, pixel_mm)
    values = _cycle("LA", two_area * four_area, (two_length + four_length) / 2)
    area, length = extent(four, anatomy.RA, pixel_mm)
    return values | _cycle("RA", area * area, length)


def _cycle(atrium: str, squared_area: Array, length: Array) -> dict[str, float]:
    volume = AREA_LENGTH * squared_area / np.where(length > 0, length, np.nan) * 1e-3
    if np.isnan(volume).any():
        return emptying(atrium, np.nan, np.nan)
    return emptying(atrium, float(volume.max()), float(volume.min()))


def extent(labels: Labels, value: int, pixel_mm: float) -> tuple[Array, Array]:
    """Return area in mm2 and length in mm of an atrium at every frame, each (T,).

    The length runs along the line through the centroids of the thirds nearest to and farthest from the ventricles.
    """
    area = np.asarray(_counts(labels, value) * pixel_mm**2, np.float64)
    return area, np.array([_length(frame, value) * pixel_mm for frame in labels])


def _length(frame: Labels, value: int) -> float:
    """Return the length of one atrium (Y, X) in pixels, 0 where there is none to speak of."""
    inside = np.argwhere(frame == value).astype(np.float64)
    if len(inside) < 9:
        return 0.0
    height = inside @ _base_direction(frame)
    low, high = np.quantile(height, [1 / 3, 2 / 3])
    axis = inside[height >= high].mean(axis=0) - inside[height <= low].mean(axis=0)
    axis /= max(float(np.linalg.norm(axis)), 1e-9)
    off = inside - inside.mean(axis=0)
    along = off[np.abs(off @ np.array([-axis[1], axis[0]])) <= 1.0] @ axis
    return float(along.max() - along.min()) + 1.0


def _base_direction(frame: Labels) -> Array:
    """Return the direction from the ventricles to the atria, (2,)."""
    atria = np.argwhere((frame == anatomy.LA) | (frame == anatomy.RA))
    ventricles = np.argwhere((frame == anatomy.LV) | (frame == anatomy.MYOCARDIUM) | (frame == anatomy.RV))
    below = ventricles.mean(axis=0) if len(ventricles) else atria.max(axis=0)
    return np.asarray(atria.mean(axis=0) - below, np.float64)
