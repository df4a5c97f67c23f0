"""Paired differences of patients: how sure is it that one arm is better than another?"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Array = NDArray[np.float64]

RESAMPLED = 10_000
LEVEL = 0.95


class Difference(NamedTuple):
    """A mean difference with its 95 % interval, and the two-sided probability of one so large by chance."""

    mean: float
    low: float
    high: float
    p: float


def paired_difference(one: pd.Series, other: pd.Series, seed: int = 0) -> Difference:
    """Compare two arms on the same patients and draws by a bootstrap of both.

    Patients are drawn with replacement, each with all draws it was tested with, and so are the draws of labelled
    patients: what is alike in one of them does not count twice. What only one of the two arms has is left out.

    Args:
        one: values of an arm, indexed by (subject, draw).
        other: those of the other arm.
        seed: of the resampling.

    Returns:
        The mean of `one` minus `other`; NaN throughout where nothing is shared.
    """
    table = (one - other).dropna().unstack("draw").to_numpy(np.float64)
    if table.size == 0:
        return Difference(*[float("nan")] * 4)
    means = resampled_means(table, np.random.default_rng(seed))
    low, high = np.nanquantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    beyond = (min(np.sum(means <= 0), np.sum(means >= 0)) + 1) / (len(means) + 1)
    return Difference(float(np.nanmean(table)), float(low), float(high), float(min(1.0, 2 * beyond)))


def resampled_means(table: Array, random: np.random.Generator) -> Array:
    """Return means of a table (patients, draws) whose rows and columns were drawn with replacement, (RESAMPLED,)."""
    patients, draws = (random.multinomial(n, np.full(n, 1 / n), RESAMPLED).astype(float) for n in table.shape)
    there = np.isfinite(table)
    total, count = (((patients @ part) * draws).sum(axis=1) for part in (np.nan_to_num(table), there.astype(float)))
    return np.divide(total, count, out=np.full(RESAMPLED, np.nan), where=count > 0)


def holm(probabilities: pd.Series) -> pd.Series:
    """Return probabilities corrected for their number by Holm's step-down, NaN where there was none."""
    known = probabilities.dropna().sort_values()
    steps = len(known) - np.arange(len(known))
    corrected = pd.Series(np.maximum.accumulate(known.to_numpy() * steps).clip(max=1.0), known.index, dtype=float)
    return corrected.reindex(probabilities.index)
