"""How well scores rank who falls ill first (Harrell et al., JAMA 1982)."""

import numpy as np
from numpy.typing import NDArray

PAIRS_AT_ONCE = 10_000_000  # keeps memory flat however large the cohort


def concordance(scores: NDArray[np.floating], times: NDArray[np.floating], events: NDArray[np.bool_]) -> float:
    """Return Harrell's concordance: of all pairs of which it is known who fell ill first, the share ranked right.

    Args:
        scores: larger where the event is expected earlier, (N,).
        times: until the event or until nobody looked any more, (N,).
        events: whether the event was seen, (N,).

    Returns:
        0.5 for scores that tell nothing, 1 for perfect ones; equal scores count half. NaN where there is no such pair.
    """
    order = np.argsort(times, kind="stable")
    scores, times, events = scores[order], times[order], events[order].astype(bool)
    right, pairs = 0.0, 0
    for some in np.array_split(np.flatnonzero(events), len(scores) * int(events.sum()) // PAIRS_AT_ONCE + 1):
        # after an event comes whoever was seen longer, or just as long without one
        later = (times > times[some, None]) | ((times == times[some, None]) & ~events)
        own = scores[some, None]
        right += float(((own > scores) & later).sum() + 0.5 * ((own == scores) & later).sum())
        pairs += int(later.sum())
    return right / pairs if pairs else float("nan")
