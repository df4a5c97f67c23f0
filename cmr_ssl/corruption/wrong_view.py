"""A file under another's name."""

import torch
from torch import Tensor

from cmr_ssl.corruption.base import Corruption, Hits
from cmr_ssl.devices import sent
from cmr_ssl.models.tokens import is_short_axis
from cmr_ssl.sample import Sample


class WrongView(Corruption):
    """Swap the pixels of two long-axis planes of a subject; each keeps the other's place.

    A long-axis plane that is hit is swapped with another one; a subject has one such swap at most.
    """

    def possible(self, batch: Sample) -> Tensor:
        """Tell which planes are long-axis planes of studies with at least two of them, (B, P)."""
        views = batch.present & ~is_short_axis(batch.affine)
        return views & (views.sum(dim=1, keepdim=True) > 1)

    def hits(self, batch: Sample, draws: Tensor) -> Hits:
        """Return one plane of each subject, then its partner; twice the same plane where there is no swap."""
        draws = sent(draws, batch.images.device)
        possible = self.possible(batch)
        chance = draws[..., 0].masked_fill(~possible, torch.inf)
        first = chance.argmin(dim=1)
        order = draws[..., 1].masked_fill(~possible, -torch.inf)
        other = order.scatter(1, first[:, None], -torch.inf).argmax(dim=1)
        swapped = chance.amin(dim=1) < self.rate
        subject = torch.arange(len(draws), device=draws.device)
        plane = torch.cat([first, torch.where(swapped, other, first)])
        return Hits(subject.repeat(2), plane, draws[subject.repeat(2), plane, 1:])

    def flawed(self, batch: Sample, hits: Hits) -> Tensor:
        """Return the pixels of each plane's partner, (n, T, H, W); the second half of the hits are the partners."""
        return hits.of(batch.images).roll(len(hits.plane) // 2, dims=0)
