"""Where two planes cut each other they show the same tissue at the same time: along that line they must agree."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.planes import normal, to_pixels

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

REACH_MM = 60.0  # of the line, to both sides of the heart's centre
STEP_MM = 2.0
FARTHEST_MM = 20.0  # breath-holds are nearer to each other than this
DIGITS = 4  # of a lag; what rounding errors make is nothing
LEAST_AGREEMENT = 0.4  # correlation along the line below which nothing is told


class Crossing(NamedTuple):
    """How two planes agree along the line they share.

    Attributes:
        direction: of the line, unit vector, (3,).
        shift_mm: how far the second plane's picture must be moved along it.
        lag: how much later the second plane's beat is, as a share of the beat in -0.5..0.5.
        agreement: correlation of the moving tissue with shift and lag taken out; of nothing if they do not meet.
    """

    direction: Array
    shift_mm: float
    lag: float
    agreement: float


def cross(images: tuple[Floats, Floats], affines: tuple[Array, Array]) -> Crossing:
    """Compare two planes along their line.

    Args:
        images: both planes over the beat, each (T, H, W).
        affines: both planes' pixels to mm with the heart's centre at the origin, each (4, 4).
    """
    normals = np.stack([normal(affine) for affine in affines])
    direction = np.cross(*normals)
    direction /= np.linalg.norm(direction)
    offsets = np.array([one @ affine[:3, 3] for one, affine in zip(normals, affines, strict=True)])
    nearest = np.linalg.pinv(normals) @ offsets
    points = nearest + np.arange(-REACH_MM, REACH_MM + 1e-6, STEP_MM)[:, None] * direction
    first, second = (profile(image, affine, points) for image, affine in zip(images, affines, strict=True))
    shift = best_shift(first, second)
    lag, agreement = best_lag(*overlap(first, second, shift))
    return Crossing(direction, shift * STEP_MM, lag, agreement)


def profile(image: Floats, affine: Array, points: Array) -> Floats:
    """Return what a plane (T, H, W) shows at points (N, 3) over the beat, interpolated linearly, (T, N)."""
    pixels = to_pixels(affine, points)
    most = np.array([image.shape[2], image.shape[1]]) - 1
    near = np.clip(np.floor(pixels), 0, most - 1).astype(np.intp)
    (right, down), (column, row) = np.clip(pixels - near, 0, 1).T.astype(np.float32), near.T
    above = image[:, row, column] * (1 - right) + image[:, row, column + 1] * right
    below = image[:, row + 1, column] * (1 - right) + image[:, row + 1, column + 1] * right
    return np.asarray(above * (1 - down) + below * down)


def best_shift(first: Floats, second: Floats) -> int:
    """Return by how many steps `second` (T, N) must be moved to look like `first` (T, N)."""
    most = int(FARTHEST_MM / STEP_MM)
    shifts = range(-most, most + 1)
    alike = [correlation(*overlap(first, second, shift)) for shift in shifts]
    return shifts[int(np.argmax(alike))]


def overlap(first: Floats, second: Floats, shift: int) -> tuple[Floats, Floats]:
    """Return the parts of two profiles that lie over each other if the second one is moved."""
    count = first.shape[1]
    here = slice(max(0, shift), min(count, count + shift))
    there = slice(max(0, -shift), min(count, count - shift))
    return first[:, here], second[:, there]


def best_lag(first: Floats, second: Floats) -> tuple[float, float]:
    """Return how much later the second beat is, as a share of the beat, and how alike the two then move.

    The lag is told between frames, so that it means the same whatever the number of frames.
    """
    moving = [one - one.mean(axis=0) for one in (first, second)]
    spectra = [np.fft.rfft(one, axis=0) for one in moving]
    frames = len(first)
    alike = np.fft.irfft((np.conj(spectra[0]) * spectra[1]).sum(axis=1), frames).astype(np.float32)
    scale = float(np.sqrt(np.prod([np.square(one).sum() for one in moving])))
    lag = int(np.argmax(alike))
    share = ((lag + _beside_peak(alike, lag)) / frames + 0.5) % 1 - 0.5
    return round(share, DIGITS), float(alike[lag] / scale) if scale else 0.0


def _beside_peak(values: Floats, peak: int) -> float:
    """Return where a parabola through the highest of cyclic values and its neighbours peaks, -0.5..0.5 from there."""
    before, top, after = (float(values[(peak + step) % len(values)]) for step in (-1, 0, 1))
    bend = before - 2 * top + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0


def correlation(first: Floats, second: Floats) -> float:
    """Return the correlation of two arrays of one shape, 0 where one of them is constant."""
    one, other = first - first.mean(), second - second.mean()
    scale = float(np.sqrt(np.square(one).sum() * np.square(other).sum()))
    return float((one * other).sum() / scale) if scale else 0.0
