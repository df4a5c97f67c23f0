"""The middle of both ventricles, seen from the left one: what is as bright as its blood, near where the right one lies.

The left ventricle is found within a few millimetres, see `cavity`, but the right one lies beside it and differs more
between hearts. The middle is the centroid of

    w(x) = p(x)^2 exp(-|x - u|^2 / (2 NEAR_MM^2))
    p(x) = mean over slices, ED and ES of exp(-(r(x) - 1)^2 / (2 LIKE^2))

with r(x) the root of the intensity relative to that of the left ventricle's blood, and u the usual middle.
"""

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.planes import APEX_TO_BASE_RAS, heart_frame, normal, to_mm, to_pixels
from cmr_ssl.preparation.cavity import coarse_blocks
from cmr_ssl.study import Series

Array = NDArray[np.float64]

# From the centre of the left cavity to the middle of all labels of LV, myocardium and RV, along x (towards the right
# ventricle) and y of the heart frame. Mean (15, -5) in ACDC, SD 5 and 6; (14, -2) in synthetic hearts, (18, -4) in one
# person of another scanner.
USUAL_MM = np.array([15.0, -4.0])
NEAR_MM = 25.0
BLOOD_MM = 10.0  # around the centre of the left cavity there is nothing but blood
LIKE = 0.15  # SD of blood's relative root intensity: coils make the right ventricle darker or brighter than the left


def middle_of_ventricles(series: Series, left: Array) -> Array:
    """Return the middle of both ventricles with their wall, scanner mm, (3,), at the height of the left one's centre.

    Args:
        series: short axis of two frames, ED and ES.
        left: centre of the left ventricle's cavity, scanner mm, (3,).
    """
    means, places = coarse_blocks(series)
    roots = np.sqrt(means.clip(min=0)).reshape(len(places), -1)  # (N, slices * frames)
    inside = _apart(series, places, left) < BLOOD_MM
    if not inside.any():
        return left
    blood = np.median(roots[inside], axis=0) + 1e-6
    alike = np.exp(-0.5 * ((roots / blood - 1) / LIKE) ** 2).mean(axis=1, dtype=np.float64)
    usual = left + USUAL_MM @ _in_plane_axes(series)
    weights = alike**2 * np.exp(-0.5 * (_apart(series, places, usual) / NEAR_MM) ** 2)
    middle = to_mm(series.affine, (weights @ places / weights.sum())[None])[0]
    across = normal(series.affine)
    return np.asarray(middle + ((left - middle) @ across) * across)


def _in_plane_axes(series: Series) -> Array:
    """Return x and y of the heart frame in scanner coordinates, (2, 3), with its z along the normal of the slices."""
    across = normal(series.affine)
    return heart_frame(np.zeros(3), across if across @ APEX_TO_BASE_RAS > 0 else -across)[:2, :3]


def _apart(series: Series, places: Array, point: Array) -> Array:
    """Return the distances within the plane between places, in pixels (N, 2), and a point in scanner mm, (N,)."""
    away = places - to_pixels(series.affine, point[None])
    return np.asarray(np.linalg.norm(away @ series.affine[:3, :2].T, axis=1))
