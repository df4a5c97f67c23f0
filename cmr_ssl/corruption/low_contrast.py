"""Blood and muscle that look alike."""

from torch import Tensor

from cmr_ssl.corruption.base import Corruption, Hits, between, check_range
from cmr_ssl.sample import Sample


class LowContrast(Corruption):
    """Bring the intensities of a plane closer to their mean m: I' = m + c (I - m), c ~ U(least, most)."""

    def __init__(self, rate: float = 0.05, least: float = 0.2, most: float = 0.5) -> None:
        """Set how often and how much.

        Args:
            rate: probability that a plane has this flaw.
            least: smallest share c of the contrast that is left.
            most: largest share c, 1 at most.

        Raises:
            ValueError: if a number makes no sense.
        """
        super().__init__(rate)
        check_range(least, most, 1.0, "the contrast that is left")
        self.least, self.most = least, most

    def flawed(self, batch: Sample, hits: Hits) -> Tensor:
        """Return m + c (I - m), (n, T, H, W); m is the mean over a plane's whole cine."""
        planes = hits.of(batch.images)
        left = between(hits.draws[:, 0], self.least, self.most)[:, None, None, None]
        return planes.mean(dim=(1, 2, 3), keepdim=True).lerp(planes, left)
