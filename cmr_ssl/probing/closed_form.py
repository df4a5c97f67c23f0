"""A linear head in closed form: what features know of phenotypes, without a training that could go wrong."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from cmr_ssl.lengths import are_sizes, as_lengths, as_values
from cmr_ssl.ridge import Ridge, ridge

FLAT = 1e-6  # share of the mean variance that a feature has at least, so that constant ones do not blow up


class Solved(NamedTuple):
    """A head: how features are standardised, and what it makes of them.

    Attributes:
        mean: of the features, (F,).
        deviation: of the features, (F,).
        solution: for standardised features.
        sizes: which targets are volumes or masses and learnt as lengths, (K,).
    """

    mean: Tensor
    deviation: Tensor
    solution: Ridge
    sizes: Tensor

    def predict(self, features: Tensor) -> Tensor:
        """Return the targets, (N, K) float64, of features (N, F)."""
        standard = ((features - self.mean) / self.deviation).double()
        return as_values(standard @ self.solution.weights.T + self.solution.biases, self.sizes)


def solve(features: Tensor, targets: Tensor, names: Sequence[str]) -> Solved:
    """Solve a head by ridge regression.

    Args:
        features: of N subjects in C copies, (N, C, F).
        targets: of the subjects, (N, K); NaN where unknown.
        names: of the targets, whose units tell sizes; see `lengths`.

    Raises:
        ValueError: if a target is known of fewer than two subjects.
    """
    variance, mean = torch.var_mean(features, dim=(0, 1), correction=0)
    deviation = (variance + FLAT * variance.mean()).sqrt().clamp(min=torch.finfo(features.dtype).tiny)
    sizes = are_sizes(names)
    return Solved(mean, deviation, ridge((features - mean) / deviation, as_lengths(targets, sizes)), sizes)


def scores(predicted: Tensor, true: Tensor) -> tuple[Tensor, Tensor]:
    """Return the coefficient of determination and the mean absolute error of each target, (K,) each.

    Args:
        predicted: (N, K).
        true: (N, K); NaN where unknown, such values do not count.
    """
    error = predicted - true
    spread = (true - true.nanmean(dim=0)).square().nansum(dim=0)
    return 1 - error.square().nansum(dim=0) / spread, error.abs().nanmean(dim=0)
