"""Compare two planes along their intersection, where they show the same tissue at the same time."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.planes import normal, to_pixels

Array = NDArray[np.float64]
Floats = NDArray[np.float32]

REACH_MM = 60.0  # of the line, to both sides of the heart's centre
STEP_MM = 2.0
FARTHEST_MM = 20.0  # breath-holds are nearer to each other than this
DIGITS = 4  # of a lag, coarser than rounding errors
LEAST_AGREEMENT = 0.4  # correlation along the line below which shift and lag are unknown


class Crossing(NamedTuple):
    """The agreement of two planes along their intersection.

    Attributes:
        direction: of the line, unit vector, (3,).
        shift_mm: of the second plane's image along it that fits the first.
        lag: of the second plane's beat, as a share of the beat in -0.5..0.5.
        agreement: correlation of the moving tissue without shift and lag; meaningless if they do not meet.
    """

    direction: Array
    shift_mm: float
    lag: float
    agreement: float


def cross(images: tuple[Floats, Floats], affines: tuple[Array, Array]) -> Crossing:
    """Compare two planes (T, H, W) along their intersection, given affines (4, 4) to mm in the heart frame."""
    normals = np.stack([normal(affine) for affine in affines])
    direction = np.cross(*normals)
    direction /= np.linalg.norm(direction)
    offsets = np.array([vector @ affine[:3, 3] for vector, affine in zip(normals, affines, strict=True)])
    nearest = np.linalg.pinv(normals) @ offsets
    points = nearest + np.arange(-REACH_MM, REACH_MM + 1e-6, STEP_MM)[:, None] * direction
    first, second = (profile(image, affine, points) for image, affine in zip(images, affines, strict=True))
    shift = best_shift(first, second)
    lag, agreement = best_lag(*overlap(first, second, shift))
    return Crossing(direction, shift * STEP_MM, lag, agreement)


def profile(image: Floats, affine: Array, points: Array) -> Floats:
    """Interpolate a plane (T, H, W) linearly at points (N, 3) over the beat, (T, N)."""
    pixels = to_pixels(affine, points)
    most = np.array([image.shape[2], image.shape[1]]) - 1
    near = np.clip(np.floor(pixels), 0, most - 1).astype(np.intp)
    (right, down), (column, row) = np.clip(pixels - near, 0, 1).T.astype(np.float32), near.T
    above = image[:, row, column] * (1 - right) + image[:, row, column + 1] * right
    below = image[:, row + 1, column] * (1 - right) + image[:, row + 1, column + 1] * right
    return np.asarray(above * (1 - down) + below * down)


def best_shift(first: Floats, second: Floats) -> int:
    """Return the shift in steps by which `second` (T, N) fits `first` (T, N) best."""
    most = int(FARTHEST_MM / STEP_MM)
    shifts = range(-most, most + 1)
    fits = [correlation(*overlap(first, second, shift)) for shift in shifts]
    return shifts[int(np.argmax(fits))]


def overlap(first: Floats, second: Floats, shift: int) -> tuple[Floats, Floats]:
    """Return the overlapping parts of two profiles if the second one is shifted."""
    count = first.shape[1]
    of_first = slice(max(0, shift), min(count, count + shift))
    of_second = slice(max(0, -shift), min(count, count - shift))
    return first[:, of_first], second[:, of_second]


def best_lag(first: Floats, second: Floats) -> tuple[float, float]:
    """Return the lag of the second beat, as a share of the beat, and the correlation of the two at that lag.

    The lag is the maximum of the cyclic cross-correlation, interpolated between frames.
    """
    moving = [profile - profile.mean(axis=0) for profile in (first, second)]
    spectra = [np.fft.rfft(profile, axis=0) for profile in moving]
    frames = len(first)
    fit = np.fft.irfft((np.conj(spectra[0]) * spectra[1]).sum(axis=1), frames).astype(np.float32)  # (T,)
    scale = float(np.sqrt(np.prod([np.square(profile).sum() for profile in moving])))
    lag = int(np.argmax(fit))
    before, top, after = (float(fit[(lag + step) % frames]) for step in (-1, 0, 1))
    share = ((lag + parabola_peak(before, top, after)) / frames + 0.5) % 1 - 0.5
    return round(share, DIGITS), float(fit[lag] / scale) if scale else 0.0


def parabola_peak(before: float, top: float, after: float) -> float:
    """Return the maximum of the parabola through values at -1, 0 and 1; 0 where it has none."""
    bend = before - 2 * top + after
    return 0.5 * (before - after) / bend if bend < 0 else 0.0


def correlation(first: NDArray[np.floating], second: NDArray[np.floating]) -> float:
    """Return the correlation of two arrays of one shape, 0 where one of them is constant."""
    first, second = first - first.mean(), second - second.mean()
    scale = float(np.sqrt(np.square(first).sum() * np.square(second).sum()))
    return float((first * second).sum() / scale) if scale else 0.0
