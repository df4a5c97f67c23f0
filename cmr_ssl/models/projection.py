"""From features of a study or a patient to a space in which both are compared; thrown away after the alignment."""

import torch
from torch import Tensor, nn

from cmr_ssl.models.transformer import initialise

LATEST = 0.1  # share of the last batch in the statistics, once there were enough batches
EPSILON = 1e-5
HIDDEN = 256


class Projection(nn.Module):
    """Centre features, then two layers.

    What all hearts have in common fills their vectors almost wholly; only the rest of it tells them apart. The
    statistics are those of the batches so far and carry no gradient, so that processes that share a batch agree.
    """

    mean: Tensor
    variance: Tensor
    batches: Tensor

    def __init__(self, features: int, width: int) -> None:
        """Build the layers, from `features` to `width`."""
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("variance", torch.ones(features))
        self.register_buffer("batches", torch.zeros(()))
        self.layers = nn.Sequential(nn.Linear(features, HIDDEN), nn.GELU(), nn.Linear(HIDDEN, width))
        self.apply(initialise)

    @torch.no_grad()
    def watch(self, features: Tensor, exists: Tensor) -> None:
        """Learn what is usual from the features of a batch, of all processes, (N, F), of whom `exists` counts, (N,)."""
        count = exists.sum()
        weight = torch.where(count > 1, torch.clamp(1 / (1 + self.batches), min=LATEST), 0.0)
        there = torch.where(exists[:, None], features.float(), 0.0)
        mean = there.sum(dim=0) / count.clamp(min=1)
        square = torch.where(exists[:, None], (features.float() - mean).square(), 0.0).sum(dim=0) / count.clamp(min=1)
        self.mean.lerp_(mean, weight)
        self.variance.lerp_(square, weight)
        self.batches.add_(count > 1)

    def forward(self, features: Tensor) -> Tensor:
        """Return features (B, F) in the common space, (B, width)."""
        projected: Tensor = self.layers((features - self.mean) / (self.variance + EPSILON).sqrt())
        return projected
