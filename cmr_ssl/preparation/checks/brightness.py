"""Check intensities: contrast of blood and muscle, folding, and repeated frames and slices."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from cmr_ssl.planes import VIEWS
from cmr_ssl.preparation.checks.intersections import correlation
from cmr_ssl.preparation.checks.prepared_planes import Measure, PreparedPlanes

Floats = NDArray[np.float32]

INNER_MM = 30.0  # around the long axis there is blood and muscle only, over a beat both
WIDER_MM = 36.0  # farther out is lung
NEARER_MM, WELL_PARTED = 25.0, 0.75  # radius beside a small heart with near lung, and variance explained there
PARTED = 0.65  # share of the variance that two levels explain; blood alone has less, blood and muscle hardly ever
QUIET_MM = 1.2  # smoothing against noise that keeps the wall
FINE_MM, COARSE_MM, LOCAL_MM = 1.5, 6.0, 12.0  # details between the first two sizes, scaled by their local strength
FOLDS_MM = (95.0, 195.0)  # possible displacement of a folded edge
LEAST_ROWS = 12  # of an overlap


def contrast(scene: PreparedPlanes) -> list[Measure]:
    """Measure the contrast of blood and muscle in the middle of the stack, as a share of the grey scale."""
    if not scene.stack:
        return []
    count = len(scene.stack)
    middle = scene.stack[count // 4 : max(count // 4 + 1, 3 * count // 4)]
    value = float(np.median([two_levels(scene, plane) for plane in middle]))
    return [scene.measure("low-contrast", middle[len(middle) // 2], value, whole=True)]


def two_levels(scene: PreparedPlanes, plane: int) -> float:
    """Return the distance of the two grey levels that best describe the beat around the axis (Otsu), 0..1.

    A dilated ventricle fills the surroundings of the axis, so that both levels would be blood: then a wider radius is
    used. Beside a small heart with low contrast, lung would be one of the levels: then a smaller one is.
    """
    smooth = gaussian_filter(scene.images[plane], (0, *2 * [QUIET_MM / scene.step_mm]))
    radius = scene.from_axis(plane)
    distance, explained = split_levels(smooth[:, radius < INNER_MM])
    if explained >= PARTED:
        return distance
    distance, explained = split_levels(smooth[:, radius < NEARER_MM])
    return distance if explained >= WELL_PARTED else split_levels(smooth[:, radius < WIDER_MM])[0]


def split_levels(values: Floats) -> tuple[float, float]:
    """Return the distance of two levels of values 0..255 by Otsu's method, 0..1, and the variance they explain.

    The split maximises the variance between the levels, w0 w1 (m1 - m0)^2, with their shares w and means m.
    """
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
    """Measure wrap-around: the best correlation of a view with itself moved far along rows or columns."""
    measures = []
    for view in VIEWS:
        planes = [plane for plane in (*scene.stack, *scene.long) if scene.view(plane) == view]
        if planes:
            images = [details(scene.images[plane].mean(axis=0), scene.step_mm) for plane in planes]
            value = shifted_correlation(images, scene.step_mm)
            measures.append(scene.measure("wrap-around", planes[len(planes) // 2], value, whole=True))
    return measures


def details(image: Floats, step_mm: float) -> Floats:
    """Return the details of an image (H, W) between noise and organs, normalised by their local strength."""
    fine = gaussian_filter(image, FINE_MM / step_mm) - gaussian_filter(image, COARSE_MM / step_mm)
    return np.asarray(fine / (gaussian_filter(np.abs(fine), LOCAL_MM / step_mm) + 2.0), np.float32)


def shifted_correlation(images: list[Floats], step_mm: float) -> float:
    """Return the best mean correlation of images (H, W) with themselves shifted by `FOLDS_MM` along an axis.

    A correlation over n of N rows is weighted by sqrt(2 n / N).
    """
    best = 0.0
    for oriented in (images, [image.T for image in images]):
        rows = len(oriented[0])
        for shift in range(int(FOLDS_MM[0] / step_mm), min(int(FOLDS_MM[1] / step_mm), rows - LEAST_ROWS)):
            mean = np.mean([correlation(image[:-shift], image[shift:]) for image in oriented])
            best = max(best, float(mean) * np.sqrt(2 * (rows - shift) / rows))
    return best


def repetition(scene: PreparedPlanes) -> list[Measure]:
    """Count the frames that repeat the frame before, and correlate each slice with the next one."""
    repeated = (scene.images == np.roll(scene.images, 1, axis=1)).all(axis=(2, 3)).sum(axis=1)
    measures = [scene.measure("repeated-frames", plane, count) for plane, count in enumerate(repeated)]
    images = {plane: details(scene.images[plane].mean(axis=0), scene.step_mm) for plane in scene.stack}
    for first, second in pairwise(scene.stack):
        measures.append(scene.measure("same-slice", second, correlation(images[first], images[second])))
    return measures
