"""How good predicted risks are: who falls ill first, who falls ill by a time, and whether as many do as was said."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cmr_ssl.agreement import INTERVAL, Estimate
from cmr_ssl.concordance import concordance
from cmr_ssl.survival import surviving

Array = NDArray[np.float64]
RESAMPLES = 200
GROUPS = 5  # of predicted risk, in which it is compared with what happened


class Survival(NamedTuple):
    """What became of N subjects: years until the event or the end of follow-up, and whether the event was seen."""

    years: Array
    events: NDArray[np.bool_]

    def of(self, chosen: NDArray[np.generic]) -> "Survival":
        """Return some of them."""
        return Survival(self.years[chosen], self.events[chosen])

    def tensors(self) -> tuple[Tensor, Tensor]:
        """Return both as tensors."""
        return torch.from_numpy(self.years), torch.from_numpy(self.events)


def ranking(scores: Array, outcome: Survival, horizons: list[float]) -> dict[str, Estimate]:
    """Return Harrell's concordance with its interval, and the AUROC by each horizon, of scores (N,)."""
    measured = {"concordance": resampled(lambda chosen: concordance(scores[chosen], *outcome.of(chosen)), len(scores))}
    areas = {f"AUROC {years:g} years": Estimate(auroc_by(scores, outcome, years)) for years in horizons}
    return measured | areas


def gain(scores: Array, other: Array, outcome: Survival) -> Estimate:
    """Return by how much the concordance of scores (N,) exceeds that of others, on the same resampled subjects."""

    def difference(chosen: NDArray[np.intp]) -> float:
        seen = outcome.of(chosen)
        return concordance(scores[chosen], *seen) - concordance(other[chosen], *seen)

    return resampled(difference, len(scores))


def resampled(measure: Callable[[NDArray[np.intp]], float], count: int, seed: int = 0) -> Estimate:
    """Return a measure of all subjects with its 95 % bootstrap interval; it is told which subjects to look at."""
    if not count:
        return Estimate(float("nan"))
    rng = np.random.default_rng(seed)
    again = np.array([measure(rng.integers(count, size=count)) for _ in range(RESAMPLES)])
    finite = again[np.isfinite(again)]
    value = measure(np.arange(count))
    return Estimate(value, *map(float, np.percentile(finite, INTERVAL))) if len(finite) else Estimate(value)


def auroc_by(scores: Array, outcome: Survival, years: float) -> float:
    """Return the AUROC of who had the event by a time against who had not, censored ones weighted (Uno et al., 2007).

    NaN where the time lies beyond the follow-up, or nobody had the event before it.
    """
    if not _within(outcome, years):
        return float("nan")
    from torchsurv.metrics.auc import Auc
    from torchsurv.stats.ipcw import get_ipcw

    times, events = outcome.tensors()
    at = torch.tensor([years], dtype=times.dtype)
    weights = {"weight": get_ipcw(events, times), "weight_new_time": get_ipcw(events, times, at)}
    return float(Auc()(torch.from_numpy(scores), events, times, new_time=at, **weights)[0])


def brier(survival: Array, outcome: Survival, grid: list[float]) -> tuple[Array, float]:
    """Return Brier's score at each time of a grid, (T,), and its mean over time, censored ones weighted.

    Args:
        survival: predicted share without the event, (N, T).
        outcome: what became of the N.
        grid: rising times; those beyond the follow-up give NaN and are left out of the mean.
    """
    from torchsurv.metrics.brier_score import BrierScore
    from torchsurv.stats.ipcw import get_ipcw

    times, events = outcome.tensors()
    told = np.array([_within(outcome, years) for years in grid])
    scores = np.full(len(grid), np.nan)
    if not told.any():
        return scores, float("nan")
    at = torch.tensor(grid, dtype=times.dtype)[told]
    weights = {"weight": get_ipcw(events, times), "weight_new_time": get_ipcw(events, times, at)}
    measure = BrierScore()
    scores[told] = measure(torch.from_numpy(survival[:, told]), events, times, new_time=at, **weights).numpy()
    return scores, float(np.trapezoid(scores[told], at) / (at[-1] - at[0])) if told.sum() > 1 else float(
        scores[told][0]
    )


def observed(outcome: Survival, years: float) -> float:
    """Return the share who had the event by a time (Kaplan and Meier)."""
    return 1 - surviving(*outcome.tensors(), years)


def by_group(risks: Array, outcome: Survival, years: float, groups: int = GROUPS) -> Array:
    """Return the mean predicted and the observed risk in groups of like prediction, (G, 2), from low to high."""
    parts = np.array_split(np.argsort(risks, kind="stable"), groups)
    return np.array([[risks[part].mean(), observed(outcome.of(part), years)] for part in parts if len(part)])


def net_benefit(risks: Array, outcome: Survival, years: float, thresholds: Array) -> Array:
    """Return what treating everybody above a threshold of risk is worth, (T,) (Vickers and Elkin, 2006).

    With a share q above threshold p, of whom a share r has the event: q r - q (1 - r) p / (1 - p), in true positives a
    person.
    """
    benefits = []
    for threshold in thresholds.tolist():
        treated = risks >= threshold
        ill = observed(outcome.of(treated), years) if treated.any() else 0.0
        benefits.append(treated.mean() * (ill - (1 - ill) * threshold / (1 - threshold)))
    return np.array(benefits)


def _within(outcome: Survival, years: float) -> bool:
    """Tell whether somebody had the event by a time and somebody was seen beyond it."""
    return bool((outcome.events & (outcome.years <= years)).any() and outcome.years.max() > years)
