"""Two arms on the same patients, side by side."""

import numpy as np
import pandas as pd

from experiments.statistics import Comparison, compare


def compared(one: pd.Series, other: pd.Series) -> Comparison | None:
    """Compare two arms by what they make of the same patients and draws; None where they share none.

    A patient whom one of the arms lacks in some draw is left out of all.

    Args:
        one: errors or scores of an arm, indexed by (subject, draw).
        other: those of the other arm.
    """
    both = pd.concat([one, other], axis=1, keys=[0, 1]).unstack("draw").dropna()
    if both.empty:
        return None
    ours, theirs = (both[arm].to_numpy(np.float64).T[None] for arm in (0, 1))
    return compare(ours, theirs)
