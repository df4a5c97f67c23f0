"""A heart that breathes while it is imaged."""

import torch
from torch import Tensor

from cmr_ssl.corruption.base import Corruption, Hits, between, check_range, direction, pixels_of, shift
from cmr_ssl.sample import Sample


class MotionBlur(Corruption):
    """Smear a plane along a line, as breathing does: the mean of copies moved by s u (k / 4 - 1 / 2), k = 0 ... 4.

    The length s ~ U(least_mm, most_mm); the direction u is any.
    """

    PLACES = 5  # along the line; the heart is seen at each of them

    def __init__(self, rate: float = 0.05, least_mm: float = 8.0, most_mm: float = 20.0) -> None:
        """Set how often and how far.

        Args:
            rate: probability that a plane has this flaw.
            least_mm: shortest length s of the line.
            most_mm: longest length s, 50 at most.

        Raises:
            ValueError: if a number makes no sense.
        """
        super().__init__(rate)
        check_range(least_mm, most_mm, 50.0, "the millimetres of motion blur")
        self.least_mm, self.most_mm = least_mm, most_mm

    def flawed(self, batch: Sample, hits: Hits) -> Tensor:
        """Return the mean of the moved copies, (n, T, H, W)."""
        planes = hits.of(batch.images)
        line = between(hits.draws[:, :1], self.least_mm, self.most_mm) * direction(hits.draws[:, 1])
        step = pixels_of(line, hits.of(batch.affine)) / (self.PLACES - 1)
        middle = (self.PLACES - 1) / 2
        return torch.stack([shift(planes, step * (place - middle)) for place in range(self.PLACES)]).mean(dim=0)
