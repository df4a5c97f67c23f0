"""Sharpness of a slice, to tell a failed breath-hold from its repetition."""

import numpy as np

from cmr_ssl.dicom.cine import Cine
from cmr_ssl.dicom.pixels import read_pixels

FRAMES = 8  # that are averaged, against noise


def sharpness(cine: Cine) -> float:
    """Return the squared gradient over the variance, mean(|grad I|^2) / var(I), 1/mm²; NaN if unreadable.

    Motion and ghosts lower it; brightness and contrast make no difference.
    """
    headers = [header for header in cine.frames if header is not None]
    try:
        images = [read_pixels(header).astype(np.float64) for header in headers[:: max(1, len(headers) // FRAMES)]]
    except ValueError:  # a finding when the slice is read, if it is used
        return float("nan")
    picture = np.mean(images, axis=0)
    steps = [float(np.square(np.diff(picture, axis=axis)).mean()) for axis in (0, 1)]
    variance = float(picture.var())
    if variance == 0:
        return float("nan")
    return sum(step / mm**2 for step, mm in zip(steps, cine.grid.spacing, strict=True)) / variance
