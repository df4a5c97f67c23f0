"""Too little signal."""

import torch
from torch import Tensor

from cmr_ssl.corruption.base import Corruption, Hits, between, check_range
from cmr_ssl.sample import Sample


class Noise(Corruption):
    """Add noise to a plane: I' = I + s n clipped to 0 to 1, n ~ N(0, 1) for each pixel, s ~ U(least, most).

    One field of normal numbers is enough: each plane enters it at a place of its own.
    """

    FIELD = 65_537  # numbers; prime, so that rows and frames never fall into step with it

    def __init__(self, rate: float = 0.05, least: float = 0.05, most: float = 0.2) -> None:
        """Set how often and how much.

        Args:
            rate: probability that a plane has this flaw.
            least: smallest standard deviation s, of the range of intensities.
            most: largest standard deviation s, 1 at most.

        Raises:
            ValueError: if a number makes no sense.
        """
        super().__init__(rate)
        check_range(least, most, 1.0, "the deviation of noise")
        self.least, self.most = least, most
        self.field = torch.randn(self.FIELD, generator=torch.Generator().manual_seed(0))

    def flawed(self, batch: Sample, hits: Hits) -> Tensor:
        """Return the planes with noise of deviation s, (n, T, H, W)."""
        planes = hits.of(batch.images)
        deviation = between(hits.draws[:, 0], self.least, self.most)[:, None, None, None]
        start = (hits.draws[:, 1] * self.FIELD).long()
        entered = (torch.arange(planes[0].numel(), device=planes.device) + start[:, None]) % self.FIELD
        noise = self.field.to(planes.device, non_blocking=True)[entered].view_as(planes)
        return (planes + deviation * noise).clamp(0, 1)
