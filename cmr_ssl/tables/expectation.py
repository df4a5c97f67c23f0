"""An alignment in closed form: which table an image lets expect, by ridge regression through gaps."""

import numpy as np
import torch
from torch import Tensor

from cmr_ssl.models.expected_table import Expectation, standardised
from cmr_ssl.ridge import best_dual, decomposed, mapped
from cmr_ssl.tables.design import design_matrix
from cmr_ssl.tables.fields import Fields
from cmr_ssl.tables.incomplete import covariance_of, with_factors

FLAT = 1e-6  # share of the mean variance that a feature has at least
ROUNDS = 3  # of solving


def columns_of(fields: Fields, values: Tensor) -> Tensor:
    """Return values (N, fields) that `read_fields` gave as columns (N, C) float64 on the host, NaN where unknown."""
    return torch.from_numpy(design_matrix(fields, values.cpu().numpy().astype(np.float32))).double()


def expectation(features: Tensor, columns: Tensor) -> Expectation:
    """Align.

    The map is solved several times: gaps are filled by what other columns and, from the second time on, the image
    expect. What is expected of each subject without learning from it then tells how much the image leaves open. Memory
    grows with the square of the number of subjects, time with the cube.

    Args:
        features: of N images, (N, F).
        columns: of their tables, (N, C) float64, NaN where unknown.

    Raises:
        ValueError: if there are fewer than two subjects.
    """
    if len(features) < 2:
        raise ValueError(f"{len(features)} training subjects have both images and a table: at least two can be aligned")
    variance, centre = torch.var_mean(features, dim=0, correction=0)
    scale = (variance + FLAT * variance.mean()).sqrt()
    seen = ((features - centre) / scale)[:, None]
    mean = columns.nanmean(dim=0)
    deviation = (columns - mean).square().nanmean(dim=0).sqrt().clamp(min=1e-6)
    aims, kernel = standardised(columns, mean, deviation), decomposed(seen)
    _, filled = covariance_of(aims)
    for _ in range(ROUNDS):
        middle = filled.mean(dim=0)
        dual, errors = best_dual(kernel, filled - middle)
        slopes = slope(filled - errors, aims)  # filled gaps say less than what was measured, so does what learns them
        told = (filled - errors) * slopes
        left_open, rest = covariance_of(aims - told)
        filled = told + rest
    solved = mapped(seen, kernel, dual * slopes, middle * slopes)
    left_open = with_factors(left_open)
    usual = left_open + told.T @ told / len(told)  # what tables have in all is what is expected and what is left open
    return Expectation(centre, solved.weights / scale, solved.biases, mean, deviation, left_open, usual)


def slope(told: Tensor, true: Tensor) -> Tensor:
    """Return by what to multiply what was told (N, C) so that it fits best what is known, of each column, (C,)."""
    known = torch.where(true.isnan(), 0.0, told)
    return (known * true.nan_to_num()).sum(dim=0) / known.square().sum(dim=0).clamp(min=1e-9)
