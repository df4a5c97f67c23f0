"""Repeatability of measurements: two acquisitions of the same people between which nothing changed.

Within-subject SD: Bland and Altman, BMJ 1996; 312:1654 (measurement error). Smallest detectable change: Weir, J
Strength Cond Res 2005; 19:231. ICC(2,1): Shrout and Fleiss, Psychol Bull 1979; 86:420.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cmr_ssl.agreement import FEWEST, LIMITS_SD, Estimate, agreement, estimate, known_pairs

SEM, COV, SDC, MEAN = "SEM", "CoV (%)", "SDC", "mean"
KEPT = ("ICC(2,1)", "bias", "LoA low", "LoA high", "N")  # of `agreement`
MEASURES = (MEAN, SEM, COV, SDC, *KEPT)


def repeatability(
    first: NDArray[np.floating], second: NDArray[np.floating], seed: int = 0, resamples: int = 1000
) -> dict[str, Estimate]:
    """Measure how well a second acquisition repeats the first.

    With differences d = second - first of n subjects and their grand mean m over both acquisitions:

    * SEM, the standard error of measurement or within-subject SD, is sqrt(sum(d^2) / (2 n)). A shift between the two
      acquisitions counts as error.
    * CoV, the within-subject coefficient of variation, is 100 SEM / |m|; unknown where the values differ in sign.
    * SDC, the smallest detectable change, is 1.96 sqrt(2) SEM: in 95 % of people in whom nothing changed, two
      measurements differ by less.
    * ICC(2,1) is of two-way random effects, absolute agreement, one measurement; bias is the mean of d, and limits of
      agreement are bias +- 1.96 SD of d (Bland and Altman, Lancet 1986).

    Args:
        first: one value a subject, in physical units, (N,).
        second: (N,); subjects in which either is not finite are left out.
        seed: of the bootstrap.
        resamples: of the bootstrap.

    Returns:
        The measures of `MEASURES` with their 95 % bootstrap intervals over subjects, NaN for fewer than 3 subjects.
    """
    found = agreement(second, first, seed, resamples)
    one, other = known_pairs(first, second)
    kept = {name: found[name] for name in KEPT}
    if (count := len(one)) < FEWEST:
        return dict.fromkeys((MEAN, SEM, COV, SDC), Estimate(np.nan)) | kept
    times = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=resamples) / count
    shares = np.vstack([np.full(count, 1 / count), times])  # first the sample itself
    means, sem = shares @ ((one + other) / 2), np.sqrt(shares @ (other - one) ** 2 / 2)
    one_sign = min(one.min(), other.min()) > 0 or max(one.max(), other.max()) < 0
    variation = 100 * sem / np.abs(means) if one_sign else np.full_like(sem, np.nan)
    own = {MEAN: means, SEM: sem, COV: variation, SDC: LIMITS_SD * np.sqrt(2) * sem}
    return {name: estimate(float(values[0]), values[1:]) for name, values in own.items()} | kept


def repeatability_table(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Return a row a column of two tables with the same rows: `MEASURES` and their intervals."""
    rows = []
    for name in first:
        measured = repeatability(first[name].to_numpy(np.float64), second[name].to_numpy(np.float64))
        row: dict[str, object] = {"of": name}
        for measure, value in measured.items():
            row[measure] = value.value
            if measure != "N":
                row |= {f"{measure} 2.5 %": value.low, f"{measure} 97.5 %": value.high}
        rows.append(row)
    return pd.DataFrame(rows)
