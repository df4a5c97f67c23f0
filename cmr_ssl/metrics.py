"""Metrics of reconstruction, per subject and on hidden tokens only."""

import torch
from torch import Tensor
from torchmetrics import Metric

from cmr_ssl.models.tokens import Grid


def psnr(squared_error: Tensor) -> Tensor:
    """Return the peak signal-to-noise ratio in dB of a mean squared error of intensities 0 to 1."""
    return -10 * squared_error.clamp(min=1e-10).log10()


def plane_of(ids: Tensor, grid: Grid) -> Tensor:
    """Return the plane (B, Q) of token ids (B, Q)."""
    return ids // grid.per_plane


def visible_planes(visible: Tensor, grid: Grid) -> Tensor:
    """Tell which planes have at least one of the visible tokens (B, K); (B, P)."""
    counts = torch.zeros(len(visible), grid.planes, device=visible.device)
    return counts.scatter_add_(1, plane_of(visible, grid), torch.ones_like(visible, dtype=counts.dtype)) > 0


def visible_statistics(patches: Tensor, visible: Tensor, grid: Grid) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation of each plane's visible pixels, each (B, P).

    A plane without visible tokens gets those of all visible pixels of its subject. The visible patches are
    intensities, (B, K, pixels), with their token ids, (B, K).
    """
    plane = plane_of(visible, grid)
    moments = torch.stack([torch.ones_like(patches[..., 0]), patches.mean(-1), patches.square().mean(-1)], dim=-1)
    sums = torch.zeros(len(patches), grid.planes, 3, device=patches.device, dtype=moments.dtype)
    sums.scatter_add_(1, plane[..., None].expand(-1, -1, 3), moments)
    sums = torch.where(sums[..., :1] > 0, sums, sums.sum(dim=1, keepdim=True))
    mean, square = (sums[..., 1:] / sums[..., :1]).unbind(-1)
    return mean, (square - mean.square()).clamp(min=0).sqrt()


class ExplainedVariance(Metric):
    """Explained share of a sum of squares, R^2 = 1 - errors / total.

    It is 1 for perfect predictions, 0 for the mean, negative for worse; NaN without any data.
    """

    full_state_update = False
    errors: Tensor
    total: Tensor

    def __init__(self) -> None:
        """Start the sums at zero."""
        super().__init__()
        self.add_state("errors", torch.zeros(()), dist_reduce_fx="sum")
        self.add_state("total", torch.zeros(()), dist_reduce_fx="sum")

    def update(self, errors: Tensor, total: Tensor) -> None:
        """Add squared errors and squared deviations of the truth from its mean, of equal shapes."""
        self.errors += errors.sum()
        self.total += total.sum()

    def compute(self) -> Tensor:
        """Return R^2."""
        return torch.where(self.total > 0, 1 - self.errors / self.total, torch.nan)
