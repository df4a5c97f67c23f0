"""From whatever a scanner calls brightness to 0..255, by a window that a few extreme pixels cannot move."""

import numpy as np
from numpy.typing import NDArray

SAMPLES = 500_000  # enough for percentiles to 0.01 %


def window(values: NDArray[np.generic], low: float, high: float) -> tuple[float, float]:
    """Return the `low` and `high` percentiles of the values of any shape."""
    flat = values.reshape(-1)
    sample = flat[:: max(1, flat.size // SAMPLES)].astype(np.float32)
    darkest, brightest = np.percentile(sample, [low, high])
    return float(darkest), float(brightest)


def to_uint8(values: NDArray[np.generic], levels: tuple[float, float]) -> NDArray[np.uint8]:
    """Map `levels` to 0 and 255 linearly, and what lies outside to the nearer one; shape unchanged."""
    darkest, brightest = levels
    scaled = values.astype(np.float32)
    scaled -= darkest
    scaled *= 255.0 / (brightest - darkest)
    scaled += 0.5  # the cast below cuts, this rounds
    return scaled.clip(0, 255, out=scaled).astype(np.uint8)
