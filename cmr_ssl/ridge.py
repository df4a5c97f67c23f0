"""Ridge regression in closed form, its penalty chosen by leaving out each subject with all its copies.

With standardised features X of R rows and F columns and centred targets y, the kernel is K = X X' / F + c 1 1', where
c = `FREE` is the variance of an unpenalised intercept. The dual solution is a = (K + l I)^-1 y, the weights are
w = X' a / F. Of a fit without the rows S of one subject, the errors on S follow from the fit of all rows:

    e_S = ([(K + l I)^-1]_SS)^-1 a_S

so all subjects are left out in turn at the cost of one eigendecomposition, K = V diag(v) V', for all penalties l.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

COLUMNS = 4096  # of the features, in double precision at a time
FREE = 1e4  # variance of the intercept, so much larger than that of features (1) that it is not penalised
PENALTIES = torch.logspace(-4, 2, 25, dtype=torch.float64)  # relative to the variance of standardised features


class Ridge(NamedTuple):
    """A linear map of features to targets: weights (K, F) and biases (K,)."""

    weights: Tensor
    biases: Tensor


def ridge(features: Tensor, targets: Tensor) -> Ridge:
    """Fit each target separately.

    Args:
        features: standardised, of N subjects in C copies, (N, C, F); predictions use the first copy.
        targets: of the subjects, (N, K); NaN where unknown.

    Returns:
        The map with the penalties of the smallest leave-one-subject-out error.

    Raises:
        ValueError: if a target is known of fewer than two subjects.
    """
    weights = torch.empty(targets.shape[1], features.shape[2], dtype=torch.float64)
    biases = torch.empty(targets.shape[1], dtype=torch.float64)
    for subjects, group in target_groups(targets):
        weights[group], biases[group] = fit(features[subjects], targets[subjects][:, group].double())
    return Ridge(weights, biases)


def target_groups(targets: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Group the targets (N, K) that are known of the same subjects and so share the decomposition.

    Yields:
        A mask of these subjects, (N,), and one of their targets, (K,).
    """
    known = ~targets.isnan()
    for subjects in known.unique(dim=1).T:
        yield subjects, (known == subjects[:, None]).all(dim=0)


def fit(features: Tensor, targets: Tensor) -> Ridge:
    """Fit targets (N, K) without unknown values; see `ridge`."""
    if len(targets) < 2:
        raise ValueError(f"a target is known of {len(targets)} training subjects: at least two are needed to learn it")
    kernel, mean = decomposed(features), targets.mean(dim=0)
    dual, _ = best_dual(kernel, targets - mean)
    return mapped(features, kernel, dual, mean)


class Kernel(NamedTuple):
    """The kernel of N subjects in C copies, R rows, by its eigenvalues (R,) and eigenvectors (N, C, R).

    Attributes:
        centre: mean of the rows, (F,).
        values: eigenvalues.
        vectors: eigenvectors, by subject.
    """

    centre: Tensor
    values: Tensor
    vectors: Tensor


def decomposed(features: Tensor) -> Kernel:
    """Decompose the kernel of standardised features (N, C, F), with which any number of targets is fitted."""
    rows = features.flatten(0, 1)  # (N C, F)
    centre = rows.mean(dim=0, dtype=torch.float64)
    # a free intercept: with a fixed one, the mean of the others would reveal the subject left out
    kernel = torch.full((len(rows), len(rows)), FREE, dtype=torch.float64)
    for part in centred(rows, centre):
        kernel += part @ part.T / len(centre)
    values, vectors = torch.linalg.eigh(kernel)
    return Kernel(centre, values.clamp(min=0), vectors.unflatten(0, features.shape[:2]))


def best_dual(kernel: Kernel, aims: Tensor) -> tuple[Tensor, Tensor]:
    """Return the dual solution (R, K) with the best penalty of each target, and its errors.

    Args:
        kernel: of the subjects.
        aims: centred targets, (N, K), float64.

    Returns:
        The solution, and the errors on each subject, as it is, by a fit that leaves it out, (N, K).
    """
    vectors = kernel.vectors.flatten(0, 1)
    projected = vectors.T @ aims.repeat_interleave(kernel.vectors.shape[1], dim=0)  # (R, K)
    best, chosen = torch.full_like(aims[0], torch.inf), (torch.zeros_like(projected), aims)  # of no penalty yet
    for penalty in PENALTIES.tolist():
        shrunk = 1 / (kernel.values + penalty)
        dual = vectors @ (shrunk[:, None] * projected)
        errors = left_out(kernel.vectors, shrunk, dual)[:, 0]
        better = errors.square().mean(dim=0) < best
        best = torch.where(better, errors.square().mean(dim=0), best)
        chosen = torch.where(better, dual, chosen[0]), torch.where(better, errors, chosen[1])
    return chosen


def mapped(features: Tensor, kernel: Kernel, dual: Tensor, mean: Tensor) -> Ridge:
    """Return the map that a dual solution (R, K) stands for, of features (N, C, F) to targets with a mean (K,)."""
    rows = features.flatten(0, 1)
    weights = torch.cat([dual.T @ part for part in centred(rows, kernel.centre)], dim=1) / len(kernel.centre)
    return Ridge(weights, mean - weights @ kernel.centre)


def centred(rows: Tensor, centre: Tensor) -> Iterator[Tensor]:
    """Yield rows (R, F) minus their centre (F,) in double precision, `COLUMNS` at a time to save memory."""
    for part, middle in zip(rows.split(COLUMNS, dim=1), centre.split(COLUMNS), strict=True):
        yield part.double() - middle


def left_out(vectors: Tensor, shrunk: Tensor, duals: Tensor) -> Tensor:
    """Return the leave-one-subject-out errors e_S = ([(K + l I)^-1]_SS)^-1 a_S, (N, C, K).

    Args:
        vectors: eigenvectors of the kernel, (N, C, rows).
        shrunk: inverse of its eigenvalues plus the penalty, (rows,).
        duals: solutions a of the fit of all rows, (rows, K).
    """
    own = (vectors * shrunk) @ vectors.transpose(1, 2)  # [(K + l I)^-1]_SS, (N, C, C)
    return torch.linalg.solve(own, duals.unflatten(0, own.shape[:2]))
