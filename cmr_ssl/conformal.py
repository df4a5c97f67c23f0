"""Intervals of predictions by split conformal prediction: how far off they were on subjects the training never saw.

If a new subject is like the calibration subjects (exchangeable with them), the true value lies within the half width
with a probability of at least `LEVEL`, whatever the model: Lei et al., J Am Stat Assoc 2018. The validation split is
the calibration; as it also chose the epoch, intervals are a little too narrow where it is small. Nothing is promised
of studies unlike those, such as ones of another scanner or with planes missing.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from cmr_ssl.agreement import Estimate

LEVEL = 0.9
WITHIN = f", {100 * LEVEL:.0f} % within"  # after the name of a value: column of its half width
COVERAGE = "coverage"


def half_width(errors: NDArray[np.floating], level: float = LEVEL) -> float:
    """Return the k-th smallest absolute error, k = ceil((n + 1) `level`); NaN where k > n, too few to tell.

    Args:
        errors: predicted minus true values of n calibration subjects, (n,); NaN does not count.
        level: share of new subjects whose error is to be smaller, 0 to 1.
    """
    sizes = np.sort(np.abs(errors[np.isfinite(errors)]))
    rank = math.ceil((len(sizes) + 1) * level)
    return float(sizes[rank - 1]) if 0 < rank <= len(sizes) else math.nan


def coverage(errors: NDArray[np.floating], within: NDArray[np.floating] | float) -> Estimate:
    """Return the share of errors (n,) up to their half widths, with its 95 % interval by Wilson; NaN without any.

    Args:
        errors: predicted minus true values of n subjects, (n,); NaN does not count.
        within: half width of all intervals, or of each, (n,); a subject without one does not count.
    """
    sizes, widths = np.broadcast_arrays(np.abs(errors), np.asarray(within, dtype=np.float64))
    known = np.isfinite(sizes) & np.isfinite(widths)
    if not known.any():
        return Estimate(math.nan)
    covered = binomtest(int((sizes[known] <= widths[known]).sum()), int(known.sum()))
    interval = covered.proportion_ci(method="wilson")
    return Estimate(covered.statistic, interval.low, interval.high)
