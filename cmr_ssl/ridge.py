"""Ridge regression in closed form, its penalty chosen by leaving each subject out with all its copies."""

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
        features: standardised, of N subjects in C copies, (N, C, F); the first copy is what predictions are made of.
        targets: of the subjects, (N, K); NaN where unknown.

    Returns:
        The map; its penalties are those with the smallest error on subjects left out with all their copies.

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
    rows, level = features.flatten(0, 1), target.mean()
    centre = rows.mean(dim=0)
    rows, wanted = rows - centre, (target - level).repeat_interleave(features.shape[1])
    values, vectors = torch.linalg.eigh(rows @ rows.T / rows.shape[1])
    by_subject = vectors.unflatten(0, features.shape[:2])  # (N, C, rows)
    shrunk = [1 / (values.clamp(min=0) + penalty) for penalty in PENALTIES.tolist()]
    duals = [vectors @ (weight * (vectors.T @ wanted)) for weight in shrunk]
    errors = [left_out(by_subject, *both)[:, 0].square().mean() for both in zip(shrunk, duals, strict=True)]
    weights = rows.T @ duals[int(torch.stack(errors).argmin())] / rows.shape[1]
    return weights, level - weights @ centre


def left_out(vectors: Tensor, shrunk: Tensor, dual: Tensor) -> Tensor:
    """Return the errors (N, C) on each subject of the fit without it, from the fit with everybody.

    Args:
        vectors: eigenvectors of the kernel, (N, C, rows).
        shrunk: inverse of its eigenvalues plus the penalty, (rows,).
        dual: solution with everybody, (rows,).
    """
    own = (vectors * shrunk) @ vectors.transpose(1, 2)  # (N, C, C)
    return torch.linalg.solve(own, dual.unflatten(0, own.shape[:2])[..., None])[..., 0]
