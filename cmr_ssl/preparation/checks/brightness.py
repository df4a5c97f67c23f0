"""Can blood be told from muscle, and does every picture show its own place only?"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from cmr_ssl.planes import VIEWS
from cmr_ssl.preparation.checks.intersections import correlation
from cmr_ssl.preparation.checks.prepared_planes import Measure, PreparedPlanes

Floats = NDArray[np.float32]

INNER_MM = 30.0  # around the long axis there is blood and muscle only, over a beat both
WIDER_MM = 36.0  # farther out lies lung
NEARER_MM, WELL_PARTED = 25.0, 0.75  # where lung lies as near as that, as beside a small heart: what two levels explain
PARTED = 0.65  # of the variance that two levels explain; blood alone has less, blood and muscle hardly ever
QUIET_MM = 1.2  # a smoothing that takes noise away and leaves the wall
FINE_MM, COARSE_MM, LOCAL_MM = 1.5, 6.0, 12.0  # details between the first two sizes, scaled by their local strength
FOLDS_MM = (95.0, 195.0)  # how far from its place a folded edge can lie
LEAST_ROWS = 12  # of an overlap


def contrast(scene: PreparedPlanes) -> list[Measure]:
    """Measure how far apart blood and muscle are in the middle of the stack, as a share of all greys."""
    if not scene.stack:
        return []
    count = len(scene.stack)
    middle = scene.stack[count // 4 : max(count // 4 + 1, 3 * count // 4)]
    value = float(np.median([two_levels(scene, plane) for plane in middle]))
    return [scene.measure("low-contrast", middle[len(middle) // 2], value, whole=True)]


def two_levels(scene: PreparedPlanes, plane: int) -> float:
    """Return how far apart the two levels lie that best describe the beat around the axis (Otsu), 0..1.

    A dilated ventricle fills the surroundings of the axis, so that both levels would be blood: there more is looked at.
    Beside a small heart with blood and muscle hardly apart, lung would be one of the levels: there less is.
    """
    smooth = gaussian_filter(scene.images[plane], (0, *2 * [QUIET_MM / scene.step_mm]))
    away = scene.from_axis(plane)
    apart, explained = split_levels(smooth[:, away < INNER_MM])
    if explained >= PARTED:
        return apart
    apart, explained = split_levels(smooth[:, away < NEARER_MM])
    return apart if explained >= WELL_PARTED else split_levels(smooth[:, away < WIDER_MM])[0]


def split_levels(values: Floats) -> tuple[float, float]:
    """Return how far apart two levels of values 0..255 lie, 0..1, and what share of the variance they explain."""
    levels = np.bincount(values.astype(np.intp).ravel(), minlength=256).astype(float)
    greys = np.arange(256)
    below, sums = np.cumsum(levels), np.cumsum(levels * greys)
    split = np.flatnonzero((below > 0) & (below < below[-1]))
    if not len(split):
        return 0.0, 1.0
    dark = sums[split] / below[split]
    bright = (sums[-1] - sums[split]) / (below[-1] - below[split])
    between = below[split] * (below[-1] - below[split]) * (bright - dark) ** 2 / below[-1]
    best = int(np.argmax(between))
    total = float((levels * (greys - sums[-1] / below[-1]) ** 2).sum())
    return float((bright - dark)[best] / 255), float(between[best]) / total


def folding(scene: PreparedPlanes) -> list[Measure]:
    """Measure how much of a view comes again far from its place along rows or columns, as the best correlation."""
    found = []
    for view in VIEWS:
        planes = [plane for plane in (*scene.stack, *scene.long) if scene.view(plane) == view]
        if planes:
            pictures = [details(scene.images[plane].mean(axis=0), scene.step_mm) for plane in planes]
            found.append(
                scene.measure("wrap-around", planes[len(planes) // 2], again(pictures, scene.step_mm), whole=True)
            )
    return found


def details(picture: Floats, step_mm: float) -> Floats:
    """Return what is finer than organs and coarser than noise in a picture (H, W), equally strong everywhere."""
    fine = gaussian_filter(picture, FINE_MM / step_mm) - gaussian_filter(picture, COARSE_MM / step_mm)
    return np.asarray(fine / (gaussian_filter(np.abs(fine), LOCAL_MM / step_mm) + 2.0), np.float32)


def again(pictures: list[Floats], step_mm: float) -> float:
    """Return how well pictures (H, W) agree with themselves moved far along an axis, weighted by the overlap."""
    best = 0.0
    for turned in (pictures, [picture.T for picture in pictures]):
        rows = len(turned[0])
        for shift in range(int(FOLDS_MM[0] / step_mm), min(int(FOLDS_MM[1] / step_mm), rows - LEAST_ROWS)):
            alike = np.mean([correlation(picture[:-shift], picture[shift:]) for picture in turned])
            best = max(best, float(alike) * np.sqrt(2 * (rows - shift) / rows))
    return best


def repetition(scene: PreparedPlanes) -> list[Measure]:
    """Count the frames that repeat the frame before, and compare each slice with the next one."""
    same = (scene.images == np.roll(scene.images, 1, axis=1)).all(axis=(2, 3)).sum(axis=1)
    found = [scene.measure("repeated-frames", plane, count) for plane, count in enumerate(same)]
    pictures = {plane: details(scene.images[plane].mean(axis=0), scene.step_mm) for plane in scene.stack}
    for one, other in pairwise(scene.stack):
        found.append(scene.measure("same-slice", other, correlation(pictures[one], pictures[other])))
    return found
