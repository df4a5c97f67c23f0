"""How sharp a slice is, to tell a failed breath-hold from the try that replaced it."""

import numpy as np

from cmr_ssl.dicom.cine import Cine
from cmr_ssl.dicom.pixels import read_pixels

LOOKED_AT = 8  # frames; their mean has little noise


def sharpness(cine: Cine) -> float:
    """Return the mean squared step from pixel to pixel over the variance of the picture, 1/mm²; NaN if unreadable.

    Motion and ghosts smear what steps there are; brightness and contrast make no difference.
    """
    there = [header for header in cine.frames if header is not None]
    try:
        images = [read_pixels(header).astype(np.float64) for header in there[:: max(1, len(there) // LOOKED_AT)]]
    except ValueError:  # said when the slice is read, if it is the one that is used
        return float("nan")
    picture = np.mean(images, axis=0)
    steps = [float(np.square(np.diff(picture, axis=axis)).mean()) for axis in (0, 1)]
    variance = float(picture.var())
    if variance == 0:
        return float("nan")
    return sum(step / mm**2 for step, mm in zip(steps, cine.grid.spacing, strict=True)) / variance
