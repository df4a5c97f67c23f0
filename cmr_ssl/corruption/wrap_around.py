"""A field of view that was too small."""

import torch
from torch import Tensor

from cmr_ssl.corruption.base import Corruption, Hits, between, check_range, direction, shift
from cmr_ssl.sample import Sample


class WrapAround(Corruption):
    """Fold one edge of a plane over the opposite one: add the plane moved by 1 - w of its side, w ~ U(least, most).

    The four edges are equally likely; sums are clipped to 0 to 1.
    """

    def __init__(self, rate: float = 0.05, least: float = 0.2, most: float = 0.5) -> None:
        """Set how often and how much.

        Args:
            rate: probability that a plane has this flaw.
            least: smallest share w of the side that is folded over.
            most: largest share w, 0.5 at most.

        Raises:
            ValueError: if a number makes no sense.
        """
        super().__init__(rate)
        check_range(least, most, 0.5, "the width that is folded over")
        self.least, self.most = least, most

    def flawed(self, batch: Sample, hits: Hits) -> Tensor:
        """Return the planes plus their moved copies, (n, T, H, W)."""
        planes = hits.of(batch.images)
        height, width = planes.shape[2:]
        away = 1 - between(hits.draws[:, 0], self.least, self.most)
        across, down = direction((4 * hits.draws[:, 1]).floor() / 4).unbind(-1)  # one of the four
        pixels = torch.stack([away * width * across, away * height * down], dim=-1)
        return (planes + shift(planes, pixels, "zeros")).clamp(0, 1)
