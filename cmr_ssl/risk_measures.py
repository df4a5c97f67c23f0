"""Measures of predicted risks: discrimination, by a time and over all, and calibration."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cmr_ssl.agreement import Estimate, estimate
from cmr_ssl.concordance import concordance
from cmr_ssl.survival import surviving

Array = NDArray[np.float64]
RESAMPLES = 200
GROUPS = 5  # of predicted risk, in which it is compared with the observed risk


class Survival(NamedTuple):
    """Years of N subjects until the event or the end of follow-up, and whether the event was observed."""

    years: Array
    events: NDArray[np.bool_]

    def of(self, chosen: NDArray[np.generic]) -> "Survival":
        """Return the `chosen` subjects."""
        return Survival(self.years[chosen], self.events[chosen])

    def tensors(self) -> tuple[Tensor, Tensor]:
        """Return both as tensors."""
        return torch.from_numpy(self.years), torch.from_numpy(self.events)


def ranking(scores: Array, outcome: Survival, horizons: list[float]) -> dict[str, Estimate]:
    """Return Harrell's concordance with its interval, and the AUROC by each horizon, of scores (N,)."""
    measures = {"concordance": bootstrap(lambda chosen: concordance(scores[chosen], *outcome.of(chosen)), len(scores))}
    areas = {f"AUROC {years:g} years": Estimate(auroc_by(scores, outcome, years)) for years in horizons}
    return measures | areas


def gain(scores: Array, other: Array, outcome: Survival) -> Estimate:
    """Return the difference in concordance of scores (N,) and others, on the same resampled subjects."""

    def difference(chosen: NDArray[np.intp]) -> float:
        resampled = outcome.of(chosen)
        return concordance(scores[chosen], *resampled) - concordance(other[chosen], *resampled)

    return bootstrap(difference, len(scores))


def bootstrap(measure: Callable[[NDArray[np.intp]], float], count: int, seed: int = 0) -> Estimate:
    """Return a measure of chosen subjects, given by their indices, with its 95 % bootstrap interval."""
    if not count:
        return Estimate(float("nan"))
    rng = np.random.default_rng(seed)
    resampled = np.array([measure(rng.integers(count, size=count)) for _ in range(RESAMPLES)])
    return estimate(measure(np.arange(count)), resampled)


def auroc_by(scores: Array, outcome: Survival, years: float) -> float:
    """Return the AUROC of having the event by a time, with censoring weights (Uno et al., 2007).

    NaN where the time is beyond the follow-up, or no event was before it.
    """
    if not _within(outcome, years):
        return float("nan")
    from torchsurv.metrics.auc import Auc

    times, events = outcome.tensors()
    horizon = torch.tensor([years], dtype=times.dtype)
    weights = _censoring_weights(times, events, horizon)
    return float(Auc()(torch.from_numpy(scores), events, times, new_time=horizon, **weights)[0])


def brier(survival: Array, outcome: Survival, grid: list[float]) -> tuple[Array, float]:
    """Return Brier's score at each time of a grid, (T,), and its mean over time, with censoring weights.

    Args:
        survival: predicted probability of no event, (N, T).
        outcome: of the N.
        grid: rising times; the score is NaN at those beyond the follow-up, which are left out of the mean.
    """
    from torchsurv.metrics.brier_score import BrierScore

    times, events = outcome.tensors()
    known = np.array([_within(outcome, years) for years in grid])
    scores = np.full(len(grid), np.nan)
    if not known.any():
        return scores, float("nan")
    horizons = torch.tensor(grid, dtype=times.dtype)[known]
    weights = _censoring_weights(times, events, horizons)
    measure = BrierScore()
    scores[known] = measure(torch.from_numpy(survival[:, known]), events, times, new_time=horizons, **weights).numpy()
    if known.sum() == 1:
        return scores, float(scores[known][0])
    return scores, float(np.trapezoid(scores[known], horizons) / (horizons[-1] - horizons[0]))


def _censoring_weights(times: Tensor, events: Tensor, horizons: Tensor) -> dict[str, Tensor]:
    """Return inverse probabilities of not being censored, at the subjects' own times and at the horizons."""
    from torchsurv.stats.ipcw import get_ipcw

    return {"weight": get_ipcw(events, times), "weight_new_time": get_ipcw(events, times, horizons)}


def observed(outcome: Survival, years: float) -> float:
    """Return the share with the event by a time (Kaplan and Meier)."""
    return 1 - surviving(*outcome.tensors(), years)


def by_group(risks: Array, outcome: Survival, years: float, groups: int = GROUPS) -> Array:
    """Return the mean predicted and the observed risk in groups of like prediction, (G, 2), from low to high."""
    parts = np.array_split(np.argsort(risks, kind="stable"), groups)
    return np.array([[risks[part].mean(), observed(outcome.of(part), years)] for part in parts if len(part)])


def net_benefit(risks: Array, outcome: Survival, years: float, thresholds: Array) -> Array:
    """Return the net benefit of treating everybody above thresholds of risk, (T,) (Vickers and Elkin, 2006).

    Of a share q above threshold p, a share r has the event: q r - q (1 - r) p / (1 - p), in true positives a person.
    """
    benefits = []
    for threshold in thresholds.tolist():
        treated = risks >= threshold
        ill = observed(outcome.of(treated), years) if treated.any() else 0.0
        benefits.append(treated.mean() * (ill - (1 - ill) * threshold / (1 - threshold)))
    return np.array(benefits)


def _within(outcome: Survival, years: float) -> bool:
    """Tell whether an event was observed by a time, and a follow-up is longer."""
    return bool((outcome.events & (outcome.years <= years)).any() and outcome.years.max() > years)
