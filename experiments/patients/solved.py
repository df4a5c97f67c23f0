"""An alignment in closed form: the table that an image lets expect, and how well a table fits the expectation.

With z the standardised columns of a table and m what ridge regression expects of them from the image, a table fits an
image by log N(z; m, R) - log N(z; 0, S), where R is the covariance of what the image leaves open and S that of tables.
Fields that are missing are left out of both exactly.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from cmr_ssl.ridge import FREE
from cmr_ssl.tables.design import design_matrix
from cmr_ssl.tables.fields import Fields
from experiments.patients.dual import best_dual

FURTHEST = 5.0  # standard deviations
LEAST = 0.02  # of the eigenvalues of a covariance, which fields that follow from others would make singular
STEPS = 5  # of expectation and maximisation
ROUNDS = 3  # of solving heads


class Aligned(NamedTuple):
    """A solved alignment, of everybody of both cohorts.

    Attributes:
        expected: columns that images let expect, (M, C); of those it learnt from, without learning from them.
        tables: standardised columns, (M, C), NaN where unknown.
        open: R, (C, C).
        usual: S, (C, C).
    """

    expected: Tensor
    tables: Tensor
    open: Tensor
    usual: Tensor


def columns(fields: Fields, values: Tensor) -> Tensor:
    """Return values (M, F) as columns (M, C) float64, NaN where unknown."""
    return torch.from_numpy(design_matrix(fields, values.numpy().astype(np.float32))).double()


def solve(kernel: Tensor, learnt: Tensor, tables: Tensor, shown: Tensor | None = None) -> Aligned:
    """Align.

    Heads are solved several times: gaps are filled by what other fields and, from the second time on, the image expect.

    Args:
        kernel: of the images of everybody, (M, M).
        learnt: rows of those it learns from, (N,).
        tables: columns of everybody, (M, C), NaN where unknown.
        shown: the same with more gaps for those it learns from; None for `tables`.
    """
    known = tables if shown is None else shown
    mean = known[learnt].nanmean(dim=0)
    deviation = (known[learnt] - mean).square().nanmean(dim=0).sqrt().clamp(min=1e-6)
    aims, z = (((one - mean) / deviation).clamp(-FURTHEST, FURTHEST) for one in (known[learnt], tables))
    values, vectors = torch.linalg.eigh(kernel[learnt][:, learnt] + FREE)
    usual, filled = estimated(aims)
    for _ in range(ROUNDS):
        middle = filled.mean(dim=0)
        dual, errors = best_dual(values, vectors, filled - middle)
        scale = slope(filled - errors, aims)  # filled gaps say less than what was measured, so do heads that learn them
        left_out = (filled - errors) * scale
        left, residuals = estimated(aims - left_out)
        filled = left_out + residuals
    expected = ((kernel[:, learnt] + FREE) @ dual + middle) * scale
    expected[learnt] = left_out
    return Aligned(expected, z, left, usual)


def slope(told: Tensor, true: Tensor) -> Tensor:
    """Return by what to multiply what was told so that it fits best what is known, of each column, (C,)."""
    known = torch.where(true.isnan(), 0.0, told)
    return (known * true.nan_to_num()).sum(dim=0) / known.square().sum(dim=0).clamp(min=1e-9)


def estimated(values: Tensor, steps: int = STEPS) -> tuple[Tensor, Tensor]:
    """Return the covariance of centred values (N, C) with gaps, and the values with gaps filled by what it expects.

    Of a normal distribution, by expectation and maximisation; no eigenvalue is near zero.
    """
    there = (~values.isnan()).double()
    known, covariance, filled = values.nan_to_num(), torch.eye(values.shape[1], dtype=torch.float64), values
    for _ in range(steps):
        shown = there[:, :, None] * covariance  # (N, C, C): of what is known with everything
        own = shown * there[:, None] + torch.diag_embed(1 - there)
        weights = torch.linalg.solve(own, shown)
        filled = known + (1 - there) * (known[:, None] @ weights)[:, 0]
        gaps = (1 - there)[:, :, None] * (1 - there)[:, None]
        spread = (gaps * (covariance - shown.transpose(1, 2) @ weights)).sum(dim=0)
        spectrum, vectors = torch.linalg.eigh((filled.T @ filled + spread) / len(values))
        covariance = vectors @ torch.diag(spectrum.clamp(min=LEAST)) @ vectors.T
    return covariance, filled


def fits(aligned: Aligned, images: Tensor, tables: Tensor) -> Tensor:
    """Return how well tables (T, C) fit what images let expect, (S, C): (S, T), larger is better."""
    scores = torch.empty(len(images), len(tables), dtype=torch.float64)
    for index, table in enumerate(tables):
        known = ~table.isnan()
        left, usual = aligned.open[known][:, known], aligned.usual[known][:, known]
        error = table[known] - images[:, known]
        likely = (error @ torch.linalg.inv(left) * error).sum(dim=1) + torch.logdet(left)
        scores[:, index] = torch.logdet(usual) + table[known] @ torch.linalg.inv(usual) @ table[known] - likely
    return scores / 2
