"""The table that an image lets expect, and how well a table fits it: what an alignment in closed form learns.

With z the standardised columns of a table and m what is expected of them from the image, a table fits an image by the
log-likelihood ratio

    log N(z; m, R) - log N(z; 0, S),

where R is the covariance of what the image leaves open, and S that of tables. What is unknown is left out of both,
which is exact for normal distributions; nothing is imputed.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from cmr_ssl.devices import without_autocast
from cmr_ssl.models.encoder import Encoded, Encoder
from cmr_ssl.models.pooling import LandmarkPooling
from cmr_ssl.models.table_encoder import FURTHEST


class Expectation(NamedTuple):
    """A solved alignment of images, F features each, with tables of C columns.

    Attributes:
        centre: usual features, (F,).
        weights: of the map from centred features to expected columns, (C, F).
        biases: of the same, (C,).
        mean: of the columns, (C,).
        deviation: of the columns, (C,).
        open: R, (C, C).
        usual: S, (C, C).
    """

    centre: Tensor
    weights: Tensor
    biases: Tensor
    mean: Tensor
    deviation: Tensor
    open: Tensor
    usual: Tensor


class ExpectedTable(nn.Module):
    """Tells of a study which standardised columns its patient's table is expected to have.

    It is solved, not trained (`cmr_ssl.tables.expectation`), and nothing learns through it. It pools tokens as
    `LandmarkPooling` does.
    """

    centre: Tensor
    weights: Tensor
    mean: Tensor
    deviation: Tensor
    open: Tensor
    usual: Tensor

    def __init__(self, encoder: Encoder, columns: int) -> None:
        """Make room.

        Args:
            encoder: what makes the tokens.
            columns: of the table, C.
        """
        super().__init__()
        self.pooling = LandmarkPooling(encoder)
        self.register_buffer("centre", torch.zeros(self.pooling.width))
        self.register_buffer("weights", torch.zeros(columns, self.pooling.width))
        self.biases = nn.Parameter(torch.zeros(columns))
        self.register_buffer("mean", torch.zeros(columns))
        self.register_buffer("deviation", torch.ones(columns))
        self.register_buffer("open", torch.eye(columns))
        self.register_buffer("usual", torch.eye(columns))

    @torch.no_grad()
    def take(self, solved: Expectation) -> None:
        """Become what was solved."""
        for name, value in solved._asdict().items():
            getattr(self, name).copy_(value)

    @torch.no_grad()
    def forward(self, encoded: Encoded) -> Tensor:
        """Return the expected columns of encoded studies, (B, C), in standard deviations from the mean."""
        return self.of_features(self.pooling(encoded))

    def of_features(self, features: Tensor) -> Tensor:
        """Return the same of pooled tokens (B, F)."""
        with without_autocast(features.device):
            return (features.float() - self.centre) @ self.weights.T + self.biases

    def standardised(self, columns: Tensor) -> Tensor:
        """Return columns (B, C) of tables in standard deviations from the mean, NaN where unknown."""
        return standardised(columns, self.mean, self.deviation)

    @torch.no_grad()
    def fits(self, expected: Tensor, tables: Tensor) -> Tensor:
        """Return how well tables fit images: the log-likelihood ratio, float64 on the host.

        Args:
            expected: columns that S images let expect, (S, C).
            tables: standardised columns of T tables, (T, C), NaN where unknown.

        Returns:
            The ratio of each image (rows) with each table (columns), (S, T); larger is better.
        """
        left, usual, expected, tables = (part.cpu().double() for part in (self.open, self.usual, expected, tables))
        scores = torch.empty(len(expected), len(tables), dtype=torch.float64)
        for index, table in enumerate(tables):
            known = ~table.isnan()
            likely = log_normal(table[known] - expected[:, known], left[known][:, known])
            scores[:, index] = likely - log_normal(table[None, known], usual[known][:, known])
        return scores


def standardised(columns: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Return columns (N, C) in standard deviations (C,) from a mean (C,), at most `FURTHEST` of them."""
    return ((columns - mean) / deviation).clamp(-FURTHEST, FURTHEST)


def log_normal(errors: Tensor, covariance: Tensor) -> Tensor:
    """Return log N(e; 0, covariance (K, K)) of errors (N, K) up to a constant that depends on K alone, (N,)."""
    root = torch.linalg.cholesky(covariance)
    white = torch.linalg.solve_triangular(root, errors.T, upper=False)  # (K, N)
    return -white.square().sum(dim=0) / 2 - root.diagonal().log().sum()


def with_share(variance: Tensor, columns: int, share: float) -> Tensor:
    """Return by which variances F features are divided for the kernel of a head, X X' / F.

    The last of them are an expected table, which makes `share` of the kernel; the others make the rest, each as much as
    the next. All columns are divided by one number: what an image tells well counts more than what it hardly tells.

    Args:
        variance: of the features themselves, (F,).
        columns: of the table.
        share: above 0, at most 1.
    """
    others, told = variance[:-columns], variance[-columns:]
    rest = others * (len(others) / len(variance)) / (1 - share) if share < 1 else torch.full_like(others, torch.inf)
    return torch.cat([rest, (told.sum() / (share * len(variance))).expand(columns)])
