"""Sharpness of a slice, to tell a failed breath-hold from its repetition, and whether it is a picture at all."""

from typing import NamedTuple

import numpy as np

from cmr_ssl.dicom.cine import Cine
from cmr_ssl.dicom.noise import is_noise
from cmr_ssl.dicom.pixels import read_pixels

FRAMES = 8  # that are averaged, against noise


class Look(NamedTuple):
    """What the averaged frames of a slice look like."""

    sharpness: float  # mean(|grad I|^2) / var(I), 1/mm²; NaN if unreadable
    noisy: bool  # see `is_noise`


def look_at(cine: Cine) -> Look:
    """Return the sharpness of a slice, and whether it is mostly noise.

    Motion and ghosts lower the sharpness; brightness and contrast make no difference.
    """
    headers = [header for header in cine.frames if header is not None]
    try:
        images = [read_pixels(header).astype(np.float64) for header in headers[:: max(1, len(headers) // FRAMES)]]
    except ValueError:  # a finding when the slice is read, if it is used
        return Look(float("nan"), False)
    picture = np.mean(images, axis=0)
    steps = [float(np.square(np.diff(picture, axis=axis)).mean()) for axis in (0, 1)]
    variance = float(picture.var())
    if variance == 0:
        return Look(float("nan"), False)
    sharp = sum(step / mm**2 for step, mm in zip(steps, cine.grid.spacing, strict=True)) / variance
    return Look(sharp, is_noise(picture))
