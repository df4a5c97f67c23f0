"""The covariance of tables with gaps, and the gaps filled by what it expects: expectation and maximisation.

From few subjects, or through many gaps, a covariance of many columns is mostly noise. `with_factors` keeps what a few
common factors explain.
"""

import torch
from torch import Tensor

LEAST = 0.02  # of the eigenvalues of a covariance, which fields that follow from others would make singular
STEPS = 5
FACTORS, REPEATS = 5, 50
ROWS = 1024  # subjects at a time, to save memory


def covariance_of(values: Tensor, steps: int = STEPS) -> tuple[Tensor, Tensor]:
    """Return the covariance (C, C) of centred, normally distributed values, and the values with their gaps filled.

    A gap is filled by its expectation given what is known of the same subject, for use in between only: the covariance
    counts in, too, how far off such an expectation is. No eigenvalue is below `LEAST`.

    Args:
        values: of N subjects, (N, C) float64, NaN where unknown.
        steps: of expectation and maximisation.
    """
    there = (~values.isnan()).double()
    known, covariance, filled = values.nan_to_num(), torch.eye(values.shape[1], dtype=torch.float64), values
    for _ in range(steps):
        filled, spread = completed(known, there, covariance)
        spectrum, vectors = torch.linalg.eigh((filled.T @ filled + spread) / len(values))
        covariance = vectors @ torch.diag(spectrum.clamp(min=LEAST)) @ vectors.T
    return covariance, filled


def completed(known: Tensor, there: Tensor, covariance: Tensor) -> tuple[Tensor, Tensor]:
    """Return values with gaps filled by what a covariance (C, C) expects, and the sum of what is left open, (C, C).

    Args:
        known: values (N, C), 0 in gaps.
        there: 1 where a value is known, else 0, (N, C).
        covariance: of the values.
    """
    filled, spread = known.clone(), torch.zeros_like(covariance)
    for some in torch.arange(len(known)).split(ROWS):
        here = there[some]
        shown = here[:, :, None] * covariance  # (n, C, C): of what is known with everything
        own = shown * here[:, None] + torch.diag_embed(1 - here)
        weights = torch.linalg.solve(own, shown)
        filled[some] += (1 - here) * (known[some, None] @ weights)[:, 0]
        gaps = (1 - here)[:, :, None] * (1 - here)[:, None]
        spread += (gaps * (covariance - shown.transpose(1, 2) @ weights)).sum(dim=0)
    return filled, spread


def with_factors(covariance: Tensor, factors: int = FACTORS) -> Tensor:
    """Return L L' + diag(p), with L (C, factors) and p (C,) above zero, nearest to a covariance (C, C).

    By principal factors: p is what L leaves of the variances, L the leading eigenvectors of what is left without p.
    """
    variances = covariance.diagonal()
    own = variances / 2
    for _ in range(REPEATS):
        values, vectors = torch.linalg.eigh(covariance - torch.diag(own))
        common = vectors[:, -factors:] * values[-factors:].clamp(min=0).sqrt()
        own = (variances - common.square().sum(dim=1)).clamp(min=LEAST)
    return common @ common.T + torch.diag(own)
