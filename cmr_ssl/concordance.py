"""Harrell's concordance of scores and event times (Harrell et al., JAMA 1982)."""

import numpy as np
from numpy.typing import NDArray

PAIRS_AT_ONCE = 10_000_000  # keeps memory flat however large the cohort


def concordance(scores: NDArray[np.floating], times: NDArray[np.floating], events: NDArray[np.bool_]) -> float:
    """Return the share of comparable pairs that are ranked correctly: those of which the first event is known.

    Args:
        scores: larger where the event is expected earlier, (N,).
        times: until the event or the end of follow-up, (N,).
        events: whether the event was observed, (N,).

    Returns:
        0.5 for random scores, 1 for perfect ones; equal scores count half. NaN without a comparable pair.
    """
    order = np.argsort(times, kind="stable")
    scores, times, events = scores[order], times[order], events[order].astype(bool)
    correct, pairs = 0.0, 0
    for part in np.array_split(np.flatnonzero(events), len(scores) * int(events.sum()) // PAIRS_AT_ONCE + 1):
        # comparable with an event: a longer follow-up, or an equal one without event
        later = (times > times[part, None]) | ((times == times[part, None]) & ~events)
        earlier = scores[part, None]
        correct += float(((earlier > scores) & later).sum() + 0.5 * ((earlier == scores) & later).sum())
        pairs += int(later.sum())
    return correct / pairs if pairs else float("nan")
