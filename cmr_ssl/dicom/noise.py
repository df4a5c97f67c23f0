"""Noise that is filed as a picture: phase images are noise around the body, and some are not called so."""

import numpy as np
from numpy.typing import NDArray

MOST = 0.7  # mean squared step between neighbouring pixels over the variance: 2 in noise, up to 0.25 in 404 real slices


def is_noise(picture: NDArray[np.generic]) -> bool:
    """Tell whether neighbouring pixels of a picture, (Y, X), averaged over the beat, hardly resemble each other."""
    values = picture.astype(np.float64)
    steps = [float(np.square(np.diff(values, axis=axis)).mean()) for axis in (0, 1)]
    return max(steps) > MOST * float(values.var())
