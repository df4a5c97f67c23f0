"""Survival analysis: Cox's partial likelihood, baseline hazards and Kaplan-Meier curves.

The formulas are those of torchsurv, imported where it is needed. Everything is plain tensors: times (N,) above zero,
events (N,) bool, False where censored, and log hazards (N,).
"""

import math
import warnings

import torch
from torch import Tensor

STEPS = 100  # of LBFGS, which needs about ten


def cox_loss(log_hazards: Tensor, times: Tensor, events: Tensor) -> Tensor:
    """Return the negative log partial likelihood, the mean over events, ties by Efron's method; 0 without an event.

    For each event i: log sum_j exp(x_j) - x_i, over all j still at risk at that time.
    """
    if len(times) < 2 or not events.any():
        return 0.0 * log_hazards.sum()
    from torchsurv.loss.cox import neg_partial_log_likelihood

    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Ties in `time` detected")
        summed = neg_partial_log_likelihood(log_hazards, events, times, ties_method="efron", reduction="sum")
    return summed / events.sum()


def fit_cox(features: Tensor, times: Tensor, events: Tensor, penalty: float = 1e-3) -> Tensor:
    """Return the weights (C,) of a linear Cox model of features (N, C), with `penalty` on their mean square."""
    x, weights = features.double(), torch.zeros(features.shape[1], dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([weights], max_iter=STEPS, line_search_fn="strong_wolfe")

    def step() -> Tensor:
        optimiser.zero_grad()
        loss = cox_loss(x @ weights, times.double(), events) + penalty * weights.square().sum()
        loss.backward()
        return loss

    with torch.enable_grad():
        optimiser.step(step)
    return weights.detach().to(features.dtype)


def cumulative_baseline(log_hazards: Tensor, times: Tensor, events: Tensor, horizons: Tensor) -> Tensor:
    """Return Breslow's cumulative baseline hazard at horizons (H,): a subject's is that times exp(log hazard)."""
    if not events.any():
        return torch.zeros_like(horizons)
    from torchsurv.loss.cox import baseline_survival_function

    # log hazards are defined up to a constant: relative to the mean hazard, no probability underflows
    mean = log_hazards.double().logsumexp(dim=0) - math.log(len(log_hazards))
    baseline = baseline_survival_function(log_hazards.double() - mean, events, times.double())
    hazards = -torch.log(baseline["baseline_survival"].clamp(min=1e-12)) * torch.exp(-mean)
    index = torch.searchsorted(baseline["time"], horizons.double(), right=True)
    return torch.cat([hazards.new_zeros(1), hazards])[index].to(horizons.dtype)


def kaplan_meier(times: Tensor, events: Tensor) -> tuple[Tensor, Tensor]:
    """Return the times of a Kaplan-Meier curve and the share without the event from each on, (T,) each."""
    if not events.any():
        unique = times.unique()
        return unique, torch.ones_like(unique)
    from torchsurv.stats.kaplan_meier import KaplanMeierEstimator

    estimate = KaplanMeierEstimator()
    estimate(events, times)
    return torch.as_tensor(estimate.time), torch.as_tensor(estimate.km_est)


def surviving(times: Tensor, events: Tensor, horizon: float) -> float:
    """Return the Kaplan-Meier estimate of the share without the event at one time; NaN without subjects."""
    if not len(times):
        return float("nan")
    steps, share = kaplan_meier(times, events)
    before = steps <= horizon
    return float(share[before][-1]) if before.any() else 1.0
