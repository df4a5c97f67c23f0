"""Ridge regression in closed form, its penalty chosen by leaving each subject out."""

from typing import NamedTuple

import torch
from torch import Tensor

PENALTIES = torch.logspace(-4, 2, 25, dtype=torch.float64)  # relative to the variance of standardised features


class Ridge(NamedTuple):
    """A linear map of features to targets: weights (K, F) and biases (K,)."""

    weights: Tensor
    biases: Tensor


def ridge(features: Tensor, targets: Tensor) -> Ridge:
    """Fit each target by itself.

    Args:
        features: standardised, (N, F).
        targets: (N, K); NaN where unknown.

    Returns:
        The map; its penalties are those with the smallest leave-one-out error.

    Raises:
        ValueError: if a target is known of fewer than two subjects.
    """
    features, targets = features.double(), targets.double()
    fits = [fit(features[~column.isnan()], column[~column.isnan()]) for column in targets.T]
    return Ridge(torch.stack([weights for weights, _ in fits]), torch.stack([bias for _, bias in fits]))


def fit(features: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Return weights (F,) and bias of one target, (N,), that is known of everybody."""
    if len(target) < 2:
        raise ValueError(f"a target is known of {len(target)} training subjects: at least two are needed to learn it")
    centre, level = features.mean(dim=0), target.mean()
    centred, wanted = features - centre, target - level
    values, vectors = torch.linalg.eigh(centred @ centred.T / features.shape[1])
    shrunk = 1 / (values.clamp(min=0) + PENALTIES.to(values.device)[:, None])  # (penalties, N)
    duals = (shrunk * (vectors.T @ wanted)) @ vectors.T  # (penalties, N)
    left_out = duals / (shrunk @ vectors.square().T)
    best = duals[left_out.square().mean(dim=1).argmin()]
    weights = centred.T @ best / features.shape[1]
    return weights, level - weights @ centre
