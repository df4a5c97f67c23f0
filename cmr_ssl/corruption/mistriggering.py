"""A beat that begins at the wrong moment."""

import torch
from torch import Tensor

from cmr_ssl.corruption.base import Corruption, Hits, between, check_range
from cmr_ssl.sample import Sample


class Mistriggering(Corruption):
    """Roll the frames of a plane: its beat starts too early or too late, while the others keep time.

    I'(t) = I((t - r) mod T), r = +-round(p T), p ~ U(least, most); both signs are equally likely.
    """

    def __init__(self, rate: float = 0.05, least: float = 0.1, most: float = 0.5) -> None:
        """Set how often and how far.

        Args:
            rate: probability that a plane has this flaw.
            least: smallest share p of the beat.
            most: largest share p, 0.5 at most.

        Raises:
            ValueError: if a number makes no sense.
        """
        super().__init__(rate)
        check_range(least, most, 0.5, "the part of the beat that is mistriggered")
        self.least, self.most = least, most

    def flawed(self, batch: Sample, hits: Hits) -> Tensor:
        """Return the planes with their frames rolled by r, (n, T, H, W)."""
        planes = hits.of(batch.images)
        frames = planes.shape[1]
        late = torch.where(hits.draws[:, 1] < 0.5, -1, 1)
        roll = late * (between(hits.draws[:, 0], self.least, self.most) * frames).round().long()
        source = (torch.arange(frames, device=planes.device) - roll[:, None]) % frames
        return planes.gather(1, source[..., None, None].expand_as(planes))
