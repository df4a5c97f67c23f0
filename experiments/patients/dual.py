"""Ridge regression in the dual: features enter by their kernel alone, so that heads of any kind cost seconds.

With kernel K of N subjects and centred targets y, a = (K + l I)^-1 y. What is told of others is k a, and the error on a
subject when it is left out is a_i / ((K + l I)^-1)_ii, by which the penalty l is chosen, as in `cmr_ssl.ridge`.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from cmr_ssl.ridge import FREE, PENALTIES, target_groups

FLAT = 1e-6  # share of the mean variance that a feature has at least


class Told(NamedTuple):
    """What heads say, NaN where they learnt nothing.

    Attributes:
        others: of the subjects that were asked about, (S, K).
        left_out: of the N they learnt from, each by a head that did not learn from it, (N, K).
    """

    others: Tensor
    left_out: Tensor


def standardised(features: Tensor, learnt: Tensor) -> Tensor:
    """Return features (N, F) centred and scaled by the rows `learnt`."""
    variance, mean = torch.var_mean(features[learnt], dim=0, correction=0)
    return (features - mean) / (variance + FLAT * variance.mean()).sqrt()


def kernel_of(features: Tensor) -> Tensor:
    """Return the kernel of standardised features (N, F), (N, N) float64."""
    return (features @ features.T / features.shape[1]).double()


def heads(kernel: Tensor, learnt: Tensor, targets: Tensor, others: Tensor) -> Told:
    """Solve a head for each target, with the penalty that leaves out best.

    Args:
        kernel: of everybody, (M, M).
        learnt: rows of those that are learnt from, (N,).
        targets: theirs, (N, K), NaN where unknown.
        others: rows of those asked about, (S,).
    """
    told = torch.full((len(others), targets.shape[1]), torch.nan, dtype=torch.float64)
    left_out = torch.full(targets.shape, torch.nan, dtype=torch.float64)
    for known, group in target_groups(targets):
        if known.sum() < 2:
            continue
        rows, aims = learnt[known], targets[known][:, group].double()
        mean = aims.mean(dim=0)
        values, vectors = torch.linalg.eigh(kernel[rows][:, rows] + FREE)
        dual, errors = best_dual(values, vectors, aims - mean)
        told[:, group] = (kernel[others][:, rows] + FREE) @ dual + mean
        left_out[torch.outer(known, group)] = (aims - errors).flatten()
    return Told(told, left_out)


def best_dual(values: Tensor, vectors: Tensor, aims: Tensor) -> tuple[Tensor, Tensor]:
    """Return the dual solution and the errors of leaving out, (N, K) each, by the best penalty of each target.

    Args:
        values: eigenvalues of the kernel, (N,).
        vectors: its eigenvectors, (N, N).
        aims: centred targets, (N, K).
    """
    projected, squares = vectors.T @ aims, vectors.square()
    duals, errors = [], []
    for penalty in PENALTIES.tolist():
        shrunk = 1 / (values.clamp(min=0) + penalty)
        duals.append(vectors @ (shrunk[:, None] * projected))
        errors.append(duals[-1] / (squares @ shrunk)[:, None])
    best = torch.stack([error.square().mean(dim=0) for error in errors]).argmin(dim=0).tolist()
    chosen = [
        torch.stack([each[penalty][:, target] for target, penalty in enumerate(best)], dim=1)
        for each in (duals, errors)
    ]
    return chosen[0], chosen[1]
