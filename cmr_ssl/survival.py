"""Times until something happens, some of them cut off: Cox's partial likelihood, baseline hazards and their kin.

The formulas are those of torchsurv, imported where it is needed. Everything is plain tensors: times (N,) above zero,
events (N,) bool, False where nobody looked any more, and log hazards (N,).
"""

import math
import warnings

import torch
from torch import Tensor

STEPS = 100  # of LBFGS, which needs about ten


def cox_loss(log_hazards: Tensor, times: Tensor, events: Tensor) -> Tensor:
    """Return the negative log partial likelihood, the mean over events, ties by Efron's method; 0 without an event.

    For each event: log sum_j exp(x_j) - x_i, over all j who were still seen without the event at that time.
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


def cumulative_baseline(log_hazards: Tensor, times: Tensor, events: Tensor, at: Tensor) -> Tensor:
    """Return Breslow's cumulative baseline hazard at times (H,): a subject's is that times exp(log hazard)."""
    if not events.any():
        return torch.zeros_like(at)
    from torchsurv.loss.cox import baseline_survival_function

    # a log hazard is known up to a constant: about the mean hazard, no share underflows
    mean = log_hazards.double().logsumexp(dim=0) - math.log(len(log_hazards))
    told = baseline_survival_function(log_hazards.double() - mean, events, times.double())
    hazards = -torch.log(told["baseline_survival"].clamp(min=1e-12)) * torch.exp(-mean)
    index = torch.searchsorted(told["time"], at.double(), right=True)
    return torch.cat([hazards.new_zeros(1), hazards])[index].to(at.dtype)


def kaplan_meier(times: Tensor, events: Tensor) -> tuple[Tensor, Tensor]:
    """Return the times of a Kaplan-Meier curve and the share still without the event from each on, (T,) each."""
    if not events.any():
        seen = times.unique()
        return seen, torch.ones_like(seen)
    from torchsurv.stats.kaplan_meier import KaplanMeierEstimator

    estimate = KaplanMeierEstimator()
    estimate(events, times)
    return torch.as_tensor(estimate.time), torch.as_tensor(estimate.km_est)


def surviving(times: Tensor, events: Tensor, at: float) -> float:
    """Return the Kaplan-Meier estimate of the share without the event at one time; NaN without anybody."""
    if not len(times):
        return float("nan")
    seen, share = kaplan_meier(times, events)
    before = seen <= at
    return float(share[before][-1]) if before.any() else 1.0
