"""Whether a label map was drawn on its images: blood is bright, and what is wall at ES was blood at ED.

An affine cannot tell that pixels were mirrored, turned or shifted without it, or that frames were exchanged.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from cmr_ssl.anatomy import LV, MYOCARDIUM

Array = NDArray[np.float64]
Labels = NDArray[np.uint8]

BRIGHTER = 0.75  # chance that blood is brighter than wall; 125 real studies have 0.88 or more at ED, noise 0.5
DARKENS = 0.75  # share of pixels that become wall from ED to ES and darken; the same studies have 0.83 or more
FEWEST_PIXELS = 50  # of each, that can be compared


def unlike_images(labels: Labels, pixels: NDArray[np.generic]) -> str:
    """Describe labels (X, Y, S, T) that do not fit images of the same shape; "" where they do, or nothing can tell."""
    volumes = np.count_nonzero(labels == LV, axis=(0, 1, 2))
    drawn = np.flatnonzero(volumes)
    if not len(drawn):
        return ""
    ed, es = drawn[volumes[drawn].argmax()], drawn[volumes[drawn].argmin()]
    chance = _brighter(labels[..., ed], pixels[..., ed])
    if chance < BRIGHTER:
        return f"the LV is not brighter than the myocardium (in {chance:.0%} of pixels): they belong to other images"
    share = _darkens(labels[..., [ed, es]], pixels[..., [ed, es]])
    if share < DARKENS:
        return f"what is LV at frame {ed} and myocardium at {es} does not darken: they belong to other frames"
    return ""


def _brighter(labels: Labels, pixels: NDArray[np.generic]) -> float:
    """Return the chance that a pixel of the LV is brighter than one of its wall; 1 where too few are drawn."""
    blood, wall = pixels[labels == LV], pixels[labels == MYOCARDIUM]
    if min(len(blood), len(wall)) < FEWEST_PIXELS:
        return 1.0
    ranks = rankdata(np.concatenate([blood, wall]))[: len(blood)]
    return float((ranks.sum() - len(blood) * (len(blood) + 1) / 2) / (len(blood) * len(wall)))


def _darkens(labels: Labels, pixels: NDArray[np.generic]) -> float:
    """Return the share of pixels, LV at ED and wall at ES (X, Y, S, 2), that darken; 1 where too few are such.

    Frames that are files of their own may have different scales, so they are also compared on that of the heart.
    """
    before, after = np.moveaxis(labels, -1, 0)
    changed = (before == LV) & (after == MYOCARDIUM)
    if np.count_nonzero(changed) < FEWEST_PIXELS:
        return 1.0
    around = np.isin(before, (LV, MYOCARDIUM)) | np.isin(after, (LV, MYOCARDIUM))
    frames = [pixels[..., frame].astype(np.float64) for frame in (0, 1)]
    scaled = [(image - image[around].mean()) / (image[around].std() or 1.0) for image in frames]
    return max(float((ed[changed] > es[changed]).mean()) for ed, es in (frames, scaled))
