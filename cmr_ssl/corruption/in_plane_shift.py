"""A breath held elsewhere: the plane shows the heart beside where it says."""

from torch import Tensor

from cmr_ssl.corruption.base import Corruption, Hits, between, check_range, direction, pixels_of, shift
from cmr_ssl.sample import Sample


class InPlaneShift(Corruption):
    """Move the pixels of a plane within it: I'(x) = I(x - d u), d ~ U(least_mm, most_mm), u in any direction."""

    def __init__(self, rate: float = 0.05, least_mm: float = 4.0, most_mm: float = 12.0) -> None:
        """Set how often and how far.

        Args:
            rate: probability that a plane has this flaw.
            least_mm: shortest distance d.
            most_mm: longest distance d, 50 at most.

        Raises:
            ValueError: if a number makes no sense.
        """
        super().__init__(rate)
        check_range(least_mm, most_mm, 50.0, "the millimetres of an in-plane shift")
        self.least_mm, self.most_mm = least_mm, most_mm

    def flawed(self, batch: Sample, hits: Hits) -> Tensor:
        """Return the planes moved by d u, (n, T, H, W); what enters repeats the border."""
        way = between(hits.draws[:, :1], self.least_mm, self.most_mm) * direction(hits.draws[:, 1])
        return shift(hits.of(batch.images), pixels_of(way, hits.of(batch.affine)))
