"""How many directions a representation uses: a collapse shows here before any label is asked."""

import torch
from torch import Tensor


class Spectrum:
    """Gathers vectors, a batch at a time, and tells their effective rank."""

    def __init__(self, width: int) -> None:
        """Expect vectors of `width` numbers."""
        self.products = torch.zeros(width, width, dtype=torch.float64)

    def add(self, vectors: Tensor) -> None:
        """Add vectors, (N, width)."""
        exact = vectors.cpu().double()
        self.products += exact.T @ exact

    def effective_rank(self) -> float:
        """Return that of all vectors."""
        return effective_rank(torch.linalg.eigvalsh(self.products).clamp(min=0).sqrt())


def effective_rank(values: Tensor) -> float:
    """Return exp(-sum p log p), p the singular values over their sum: from 1 to their number, 0 where all are 0.

    Method: RankMe, Garrido et al., ICML 2023, arXiv 2210.02885.
    """
    if not values.sum() > 0:
        return 0.0
    shares = values / values.sum()
    return float(torch.xlogy(shares, shares).sum().neg().exp())


def rank_between(features: Tensor) -> float:
    """Return the effective rank of what tells studies apart: of their features, (N, F), less the mean."""
    exact = (features - features.mean(dim=0)).double()
    return effective_rank(torch.linalg.eigvalsh(exact @ exact.T).clamp(min=0).sqrt())
