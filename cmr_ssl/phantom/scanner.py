"""What the scanner does to an ideal image: coil shading, limited resolution, noise, whole numbers."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Array = NDArray[np.float64]
Floats = NDArray[np.float32]


class Scanner(NamedTuple):
    """Settings of one subject's session.

    Attributes:
        coils: places of the coil elements, patient mm, (C, 3).
        reach_mm: distance over which a coil's sensitivity falls to 1/e.
        resolution: part of k-space acquired along rows, 0 to 1.
        snr: of blood in the heart.
        blood: grey value of blood in the heart.
    """

    coils: Array
    reach_mm: float
    resolution: float
    snr: float
    blood: float


def draw_scanner(rng: np.random.Generator, half_width: float, half_depth: float) -> Scanner:
    """Draw a session: a coil array on the chest and one under the back."""
    x, z = np.meshgrid([-0.6, 0.0, 0.6], [-70.0, 60.0])
    front = np.stack([x.ravel() * half_width, np.full(6, half_depth + 25.0), z.ravel()], axis=1)
    back = np.stack([x.ravel() * half_width, np.full(6, -half_depth - 15.0), z.ravel()], axis=1)
    coils = np.concatenate([front, back]) + rng.normal(0, 12.0, (12, 3))
    snr = float(np.exp(rng.uniform(np.log(28.0), np.log(65.0))))
    return Scanner(coils, rng.uniform(65.0, 95.0), rng.uniform(0.78, 0.92), snr, rng.uniform(150.0, 350.0))


def shading(scanner: Scanner, points: Array, heart: Array) -> Floats:
    """Return coil sensitivity at points (N, 3), 1 at the `heart` (3,), all patient mm: (N,)."""
    sensitivity = _sensitivity(scanner, np.concatenate([points, heart[None]]).astype(np.float32))
    return sensitivity[:-1] / sensitivity[-1]


def _sensitivity(scanner: Scanner, points: Floats) -> Floats:
    coils = scanner.coils.astype(np.float32)
    square = (points**2).sum(axis=1)[:, None] + (coils**2).sum(axis=1) - 2 * points @ coils.T
    distance = np.sqrt(np.maximum(square, 0))
    return np.asarray(np.exp(distance * np.float32(-1 / scanner.reach_mm)).sum(axis=1), np.float32)


def limit_resolution(images: Floats, part: float) -> Floats:
    """Keep the middle `part` of k-space along rows and a little more along columns, softly; images (..., H, W)."""
    rows, columns = images.shape[-2:]
    along_rows = _window(np.arange(rows) / rows, part)
    along_columns = _window(np.arange(columns // 2 + 1) / columns, (1 + part) / 2)
    spectrum = fft.rfft2(images) * (along_rows[:, None] * along_columns)
    return np.asarray(fft.irfft2(spectrum, s=(rows, columns)), np.float32)


def _window(frequency: Array, part: float) -> Floats:
    """Return a flat window over `frequency`, 0 to 1 cycles a pixel, with a soft edge at `part` of the highest one."""
    distance = np.minimum(frequency, 1.0 - frequency) / 0.5
    return np.clip((part - distance) / 0.2 + 0.5, 0, 1).astype(np.float32)


def detect(rng: np.random.Generator, images: Floats, scanner: Scanner) -> NDArray[np.int16]:
    """Return magnitude images with Rician noise as grey values; `images` relative to blood, any shape."""
    sigma = np.float32(scanner.blood / scanner.snr)
    real = rng.standard_normal(images.shape, np.float32)
    real *= sigma
    real += images * np.float32(scanner.blood)
    imaginary = rng.standard_normal(images.shape, np.float32)
    imaginary *= sigma
    real *= real
    imaginary *= imaginary
    real += imaginary
    np.sqrt(real, out=real)
    real += np.float32(0.5)
    return np.minimum(real, np.float32(4095.0), out=real).astype(np.int16)
