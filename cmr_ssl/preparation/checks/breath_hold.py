"""Was the breath held? Where it was not, a slice shows its edges again a little beside themselves."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from cmr_ssl.preparation.checks.intersections import correlation
from cmr_ssl.preparation.checks.prepared_planes import Measure, PreparedPlanes

Floats = NDArray[np.float32]

# In pixels, not in mm: what counts are the finest details a picture has, and echoes near enough to be the same edge's.
FINEST, LOCAL = 0.5, 3.0
APART = (1, 2, 3, 4, 5)
BESIDE = 2  # slices to both sides whose own echoes are taken as usual


def blurring(scene: PreparedPlanes) -> list[Measure]:
    """Measure how strongly a plane's edges come again 2 to 4 pixels away.

    Pictures are averaged over the beat: noise and what beats hardly count then, and a breath moves the chest, too. Of
    a slice, what its neighbours do as well is taken off. A long-axis plane has none, and straight walls that lie along
    themselves; there an echo must stand out from those one pixel nearer and farther.
    """
    echo = {plane: echoes(scene.images[plane].mean(axis=0)) for plane in (*scene.stack, *scene.long)}
    found = [scene.measure("blurred", plane, standing_out(echo[plane])) for plane in scene.long]
    for index, plane in enumerate(scene.stack):
        beside = scene.stack[max(0, index - BESIDE) : index] + scene.stack[index + 1 : index + 1 + BESIDE]
        if beside:
            usual = np.median([echo[other] for other in beside], axis=0)
            found.append(scene.measure("blurred", plane, (echo[plane] - usual)[:, 1:-1].max()))
    return found


def standing_out(echo: Floats) -> float:
    """Return the strongest of echoes (2, 5), or twice its height above the two beside it where that is less."""
    above = echo[:, 1:-1] - (echo[:, :-2] + echo[:, 2:]) / 2
    return float(np.minimum(echo[:, 1:-1], 2 * above).max())


def echoes(picture: Floats) -> Floats:
    """Return how alike the finest details of a picture (H, W) and those `APART` pixels along rows and columns are.

    Returns:
        Correlations, (2, 5).
    """
    fine = picture - gaussian_filter(picture, FINEST)
    fine = fine / (np.sqrt(gaussian_filter(np.square(fine), LOCAL)) + 1.0)
    return np.array(
        [[correlation(turned[shift:], turned[:-shift]) for shift in APART] for turned in (fine, fine.T)], np.float32
    )
