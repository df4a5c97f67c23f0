"""Whole planes away: the representation must survive planes that nobody acquired."""

import torch
from torch import Tensor

from cmr_ssl.masking.base import HIDE, Masking


class PlaneDropout(Masking):
    """Drop each plane with probability `rate`; the encoder never sees it, the decoder must still reconstruct it.

    Enough planes always stay to fill the budget of visible tokens, at least one; those kept are chosen at random.
    """

    def __init__(self, rate: float = 0.3) -> None:
        """Set the probability.

        Raises:
            ValueError: if `rate` is outside 0 to 1.
        """
        if not 0 <= rate <= 1:
            raise ValueError(f"plane dropout needs a rate between 0 and 1, got {rate}")
        self.rate = rate

    def scores(self, noise: Tensor, present: Tensor, needed_planes: int) -> Tensor:
        """Score the tokens of dropped planes out of reach of the others."""
        draw = noise[:, :, 0, 0, 0]  # (B, P); low = dropped
        rank = draw.masked_fill(~present, -1.0).argsort(dim=1, descending=True).argsort(dim=1)
        dropped = (draw < self.rate) & (rank >= max(1, needed_planes))
        return HIDE * dropped[:, :, None, None, None].to(torch.float32)
