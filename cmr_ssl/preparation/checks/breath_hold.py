"""Check the breath-hold: breathing repeats the edges of a slice a few pixels beside themselves."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from cmr_ssl.preparation.checks.intersections import correlation
from cmr_ssl.preparation.checks.prepared_planes import Measure, PreparedPlanes

Floats = NDArray[np.float32]

# In pixels, not in mm: the finest details of an image count, and echoes near enough to be of the same edge.
FINEST, LOCAL = 0.5, 3.0
APART = (1, 2, 3, 4, 5)
NEIGHBOURS = 2  # slices to both sides whose echoes are the baseline


def blurring(planes: PreparedPlanes) -> list[Measure]:
    """Measure how strongly a plane's edges are repeated 2 to 4 pixels away.

    Images are averaged over the beat, which suppresses noise and heart beat; breathing moves the chest, too. The
    echoes of a slice are reduced by those of its neighbours. A long-axis plane has none, but straight walls that
    resemble themselves; there an echo must be stronger than those one pixel nearer and farther.
    """
    echo = {plane: echoes(planes.images[plane].mean(axis=0)) for plane in (*planes.stack, *planes.long)}
    measures = [planes.measure("blurred", plane, prominence(echo[plane])) for plane in planes.long]
    for index, plane in enumerate(planes.stack):
        others = planes.stack[max(0, index - NEIGHBOURS) : index] + planes.stack[index + 1 : index + 1 + NEIGHBOURS]
        if others:
            usual = np.median([echo[other] for other in others], axis=0)
            measures.append(planes.measure("blurred", plane, (echo[plane] - usual)[:, 1:-1].max()))
    return measures


def prominence(echo: Floats) -> float:
    """Return the strongest of echoes (2, 5), or twice its height above its two neighbours where that is less."""
    above = echo[:, 1:-1] - (echo[:, :-2] + echo[:, 2:]) / 2
    return float(np.minimum(echo[:, 1:-1], 2 * above).max())


def echoes(image: Floats) -> Floats:
    """Correlate the finest details of an image (H, W) with themselves `APART` rows or columns away, (2, 5)."""
    fine = image - gaussian_filter(image, FINEST)
    fine = fine / (np.sqrt(gaussian_filter(np.square(fine), LOCAL)) + 1.0)
    rows = [[correlation(image[shift:], image[:-shift]) for shift in APART] for image in (fine, fine.T)]
    return np.array(rows, np.float32)
