"""Alignments and heads on what an encoder said once of everybody, as `fit` solves them there."""

from typing import NamedTuple

import torch
from torch import Tensor

from cmr_ssl.models import Encoder
from cmr_ssl.models.expected_table import ExpectedTable, with_share
from cmr_ssl.ridge import ridge
from cmr_ssl.tables.expectation import expectation

EPSILON = 1e-5  # added to variances, as in a task


class Features(NamedTuple):
    """What heads see of everybody.

    Attributes:
        values: (M, F).
        columns: how many of the last are an expected table; 0 for none.
        share: of the kernel that these make.
    """

    values: Tensor
    columns: int = 0
    share: float = 0.0


def solved(encoder: Encoder, features: Tensor, columns: Tensor) -> ExpectedTable:
    """Return the alignment of an encoder's features (N, F) with columns (N, C), as `SolvedAlignmentTask` solves it."""
    table = ExpectedTable(encoder, columns.shape[1])
    table.take(expectation(features, columns))
    return table


@torch.no_grad()
def beside(tokens: Tensor, table: ExpectedTable, share: float) -> Features:
    """Return features (M, F) of everybody with the table that they let expect, which makes `share` of the kernel."""
    expected = table.of_features(tokens)
    return Features(torch.cat([tokens, expected], dim=1), expected.shape[1], share)


def told(features: Features, learnt: Tensor, targets: Tensor, others: Tensor) -> Tensor:
    """Return what heads say of others, (S, K), as `RidgeStart` solves them, without copies.

    Args:
        features: of everybody.
        learnt: rows of those that are learnt from, (N,).
        targets: theirs, (N, K), NaN where unknown.
        others: rows of those asked about, (S,).
    """
    own = features.values[learnt]
    variance, mean = torch.var_mean(own, dim=0, correction=0)
    if features.columns:
        variance = with_share(variance, features.columns, features.share)
    scale = (variance + EPSILON).sqrt()
    solution = ridge(((own - mean) / scale)[:, None], targets)
    return ((features.values[others] - mean) / scale).double() @ solution.weights.T + solution.biases
