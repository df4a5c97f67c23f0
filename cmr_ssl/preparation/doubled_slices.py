"""Whether every slice of a stack is stored twice, which doubles volumes, or every frame, which doubles the beat."""

import numpy as np
from numpy.typing import NDArray

COARSE_MM = 5.001  # stacks are resampled to 5 mm or less by repeating slices, which keeps volumes
FEWEST_SLICES, FEWEST_FRAMES = 4, 4
TWO_BEATS = "the second half of the frames repeats the first, so the beat would be twice as long: store one beat"
DOUBLED = "every slice is stored twice, so volumes would be doubled: store each slice once"


def doubled_slices(volume: NDArray[np.generic], affine: NDArray[np.float64]) -> str:
    """Describe images or labels (X, Y, S, T) of which each slice, or the whole stack, is repeated; "" for others."""
    count = volume.shape[2]
    if np.linalg.norm(affine[:3, 2]) <= COARSE_MM or count < FEWEST_SLICES or count % 2:
        return ""
    pairs = [(volume[:, :, ::2], volume[:, :, 1::2]), (volume[:, :, : count // 2], volume[:, :, count // 2 :])]
    if not any(np.array_equal(first, second) for first, second in pairs):
        return ""
    varied = [image for image in np.moveaxis(volume, 2, 0) if image.min() < image.max()]
    return DOUBLED if len({image.tobytes() for image in varied}) > 1 else ""  # slices that are all alike do not count


def doubled_beat(volume: NDArray[np.generic]) -> str:
    """Describe images or labels (X, Y, S, T) whose second half of frames repeats the first; "" for others."""
    half = volume.shape[3] // 2
    if volume.shape[3] % 2 or half < FEWEST_FRAMES or not np.array_equal(volume[..., :half], volume[..., half:]):
        return ""
    still = (volume == volume[..., :1]).all()
    return "" if still else TWO_BEATS
