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
    rows, mean = features.flatten(0, 1), targets.mean(dim=0)  # (N C, F), (K,)
    centre = rows.mean(dim=0, dtype=torch.float64)
    centred_targets = (targets - mean).repeat_interleave(features.shape[1], dim=0)  # (N C, K)
    # a free intercept: with a fixed one, the mean of the others would reveal the subject left out
    kernel = torch.full((len(rows), len(rows)), FREE, dtype=torch.float64)
    for part in centred(rows, centre):
        kernel += part @ part.T / len(centre)
    values, vectors = torch.linalg.eigh(kernel)
    by_subject = vectors.unflatten(0, features.shape[:2])  # (N, C, rows)
    shrunk = [1 / (values.clamp(min=0) + penalty) for penalty in PENALTIES.tolist()]
    duals = [vectors @ (weight[:, None] * (vectors.T @ centred_targets)) for weight in shrunk]
    errors = [left_out(by_subject, *both)[:, 0].square().mean(dim=0) for both in zip(shrunk, duals, strict=True)]
    best = torch.stack(errors).argmin(dim=0)  # index of the penalty of each target, (K,)
    dual = torch.stack([duals[penalty][:, target] for target, penalty in enumerate(best.tolist())])
    weights = torch.cat([dual @ part for part in centred(rows, centre)], dim=1) / len(centre)
    return Ridge(weights, mean - weights @ centre)


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
