"""Ridge regression in closed form, its penalty chosen by leaving each subject out with all its copies.

With standardised features X of R rows and F columns and targets y less their mean, the kernel is K = X X' / F + c 1 1',
where c = `FREE` is the variance of a level that nothing holds. The dual solution is a = (K + l I)^-1 y, the weights are
w = X' a / F. Of a fit without the rows S of one subject, the errors on S follow from the fit with everybody:

    e_S = ([(K + l I)^-1]_SS)^-1 a_S

so all subjects are left out in turn at the price of one eigendecomposition, K = V diag(v) V', for all penalties l.
"""

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor

COLUMNS = 4096  # of the features, in double precision at a time
FREE = 1e4  # variance of the level, so much more than that of features (1) that nothing holds it
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
    weights = torch.empty(targets.shape[1], features.shape[2], dtype=torch.float64)
    biases = torch.empty(targets.shape[1], dtype=torch.float64)
    for subjects, alike in known_alike(targets):
        weights[alike], biases[alike] = fit(features[subjects], targets[subjects][:, alike].double())
    return Ridge(weights, biases)


def known_alike(targets: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the targets, of (N, K), that are known of the same subjects and so share what is slow.

    Yields:
        Which subjects know them, (N,), and which targets they are, (K,).
    """
    known = ~targets.isnan()
    for subjects in known.unique(dim=1).T:
        yield subjects, (known == subjects[:, None]).all(dim=0)


def fit(features: Tensor, targets: Tensor) -> Ridge:
    """Fit targets, (N, K), that are known of everybody; the arguments are those of `ridge`."""
    if len(targets) < 2:
        raise ValueError(f"a target is known of {len(targets)} training subjects: at least two are needed to learn it")
    rows, level = features.flatten(0, 1), targets.mean(dim=0)
    centre = rows.mean(dim=0, dtype=torch.float64)
    wanted = (targets - level).repeat_interleave(features.shape[1], dim=0)
    # the level costs nothing; were it fixed, the mean of the others would betray whoever is left out
    kernel = torch.full((len(rows), len(rows)), FREE, dtype=torch.float64)
    for part in centred(rows, centre):
        kernel += part @ part.T / len(centre)
    values, vectors = torch.linalg.eigh(kernel)
    by_subject = vectors.unflatten(0, features.shape[:2])  # (N, C, rows)
    shrunk = [1 / (values.clamp(min=0) + penalty) for penalty in PENALTIES.tolist()]
    duals = [vectors @ (weight[:, None] * (vectors.T @ wanted)) for weight in shrunk]
    errors = [left_out(by_subject, *both)[:, 0].square().mean(dim=0) for both in zip(shrunk, duals, strict=True)]
    best = torch.stack(errors).argmin(dim=0)  # a penalty for each target
    dual = torch.stack([duals[penalty][:, target] for target, penalty in enumerate(best.tolist())])
    weights = torch.cat([dual @ part for part in centred(rows, centre)], dim=1) / len(centre)
    return Ridge(weights, level - weights @ centre)


def centred(rows: Tensor, centre: Tensor) -> Iterator[Tensor]:
    """Yield rows (R, F) less their centre (F,) in double precision, a few columns at a time: all would fill memory."""
    for part, middle in zip(rows.split(COLUMNS, dim=1), centre.split(COLUMNS), strict=True):
        yield part.double() - middle


def left_out(vectors: Tensor, shrunk: Tensor, duals: Tensor) -> Tensor:
    """Return the errors e_S = ([(K + l I)^-1]_SS)^-1 a_S on each subject S of the fit without it, (N, C, K).

    Args:
        vectors: eigenvectors of the kernel, (N, C, rows).
        shrunk: inverse of its eigenvalues plus the penalty, (rows,).
        duals: solutions with everybody, (rows, K).
    """
    own = (vectors * shrunk) @ vectors.transpose(1, 2)  # [(K + l I)^-1]_SS, (N, C, C)
    return torch.linalg.solve(own, duals.unflatten(0, own.shape[:2]))
