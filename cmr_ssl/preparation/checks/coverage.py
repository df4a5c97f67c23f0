"""Check whether the stack reaches from above the valves to below the apex, and every slice between moves."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from cmr_ssl.preparation.checks.prepared_planes import Measure, PreparedPlanes

Array = NDArray[np.float64]

FEWEST_SLICES = 4  # in which ends and a middle can be told apart
VENTRICLES_MM = 35.0  # around the long axis, the ventricles and little else
HEART_MM = 45.0
SMOOTH_MM = 3.6
# A slice is compared with neighbours that move over this; beside less, as in a dilated heart with an ejection fraction
# of 11 %, a sound slice may not move at all. The median of 58 patients is 2000 mm2.
LEAST_MM2 = 500.0
MOVING = 15.0  # grey levels (standard deviation over the beat) that noise does not reach when smoothed


def coverage(scene: PreparedPlanes) -> list[Measure]:
    """Count slices; measure whether the ends of the stack are still ventricle, and how little a slice inside moves.

    Above the valves the brightness around the long axis does not follow that of the ventricles, since atria fill while
    ventricles empty; at the apex hardly anything moves.
    """
    measures = [scene.measure("few-slices", plane, len(scene.stack), whole=True) for plane in scene.stack[:1]]
    if not scene.beats or len(scene.stack) < FEWEST_SLICES:
        return measures
    area = np.array([moving_mm2(scene, plane) for plane in scene.stack])
    middle = max(float(np.median(area)), 1.0)
    measures += [
        scene.measure("base-missing", scene.stack[0], middle_correlation(scene)[1], whole=True),
        scene.measure("apex-missing", scene.stack[-1], area[-1] / middle, whole=True),
    ]
    neighbours = np.minimum(area[:-2], area[2:])
    for index in np.flatnonzero(neighbours > max(middle / 2, LEAST_MM2)):
        measures.append(scene.measure("still-slice", scene.stack[index + 1], area[index + 1] / neighbours[index]))
    return measures


def moving_mm2(scene: PreparedPlanes, plane: int) -> float:
    """Return the area around the long axis that changes over the beat, mm2."""
    smooth = gaussian_filter(scene.images[plane], (0, *2 * [SMOOTH_MM / scene.step_mm]))
    moving = smooth.std(axis=0) > MOVING
    return float((moving & (scene.from_axis(plane) < HEART_MM)).sum() * scene.step_mm**2)


def middle_correlation(scene: PreparedPlanes) -> Array:
    """Return the correlation over the beat of each slice's brightness with that of the middle slices, -1..1, (S,)."""
    curves = np.stack(
        [scene.images[plane][:, scene.from_axis(plane) < VENTRICLES_MM].mean(axis=1) for plane in scene.stack]
    )
    curves = curves - curves.mean(axis=1, keepdims=True)
    count = len(curves)
    middle = curves[count // 3 : 2 * count // 3 + 1].mean(axis=0)
    scale = np.linalg.norm(curves, axis=1) * np.linalg.norm(middle)
    return np.asarray(curves @ middle / np.maximum(scale, 1e-9))
