"""Frames that alternate between two acquisitions, which no beating heart does.

Neighbouring frames of one beat differ less than frames two apart, and about as much where nothing but noise moves.
Where they differ more, two acquisitions, or an image and its phase, were filed as one.
"""

import numpy as np
from numpy.typing import NDArray

MOST = 1.25  # of the change over two frames that the change over one may be; 404 real slices reach 0.88
FEWEST = 4  # frames, below which nothing alternates
SIDE = 64  # pixels that are looked at, along each axis


def alternates(images: NDArray[np.generic]) -> bool:
    """Tell whether the frames of a slice, (T, Y, X), in the order of the beat, alternate."""
    steps = [max(1, size // SIDE) for size in images.shape[1:]]
    thin = images[:, :: steps[0], :: steps[1]].astype(np.float32)
    if len(thin) < FEWEST:
        return False
    one, two = (float(np.abs(thin[apart:] - thin[:-apart]).mean()) for apart in (1, 2))
    return one > MOST * two
