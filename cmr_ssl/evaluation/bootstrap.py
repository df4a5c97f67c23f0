"""Means of subjects drawn again with replacement, many columns at once."""

import numpy as np
from numpy.typing import NDArray

from cmr_ssl.agreement import Estimate, estimate

Array = NDArray[np.float64]

RESAMPLES = 1000
AT_ONCE = 10_000_000  # counts of draws that are held at a time


def resampled_means(values: Array, seed: int, resamples: int = RESAMPLES) -> Array:
    """Return the mean of each column over the known subjects of each resample, (R, K), NaN where it has none.

    Args:
        values: a row a subject, NaN where unknown, (N, K).
        seed: of the draws.
        resamples: R.
    """
    count, rng = len(values), np.random.default_rng(seed)
    known = np.isfinite(values)
    filled = np.where(known, values, 0.0)
    parts = []
    for start in range(0, resamples, step := max(1, AT_ONCE // max(count, 1))):
        times = rng.multinomial(count, np.full(count, 1 / count), size=min(step, resamples - start)).astype(np.float64)
        counts = times @ known
        parts.append(np.divide(times @ filled, counts, out=np.full(counts.shape, np.nan), where=counts > 0))
    return np.concatenate(parts)


def means(values: Array, seed: int = 0, resamples: int = RESAMPLES) -> list[Estimate]:
    """Return the mean of each column (N, K) over its known subjects, with its 95 % bootstrap interval."""
    again = resampled_means(values, seed, resamples)
    return [estimate(mean(column), drawn) for column, drawn in zip(values.T, again.T, strict=True)]


def mean(column: Array) -> float:
    """Return the mean of the known values of a column (N,), NaN without any."""
    known = column[np.isfinite(column)]
    return float(known.mean()) if len(known) else float("nan")
