"""Landmarks: fixed places of the heart, around which anything that has coordinates can be averaged."""

from itertools import product

import torch
from torch import Tensor, nn

from cmr_ssl.devices import without_autocast
from cmr_ssl.models.tokens import Coordinates

ACROSS_MM = (-40.0, 0.0, 40.0)
ALONG_MM = (-60.0, -20.0, 20.0, 60.0)
REACH_MM = 20.0


class Landmarks(nn.Module):
    """Averages around fixed places of the heart, in each part of the beat by itself; no parameters.

    A mean over a whole study forgets when a chamber was large and which one; here both stay apart, and since places are
    those of the heart frame, any planes will do. A landmark that nothing is near says what the nearest patches do.

    Attributes:
        count: of the averages, landmarks times parts of the beat.
    """

    spots: Tensor

    def __init__(
        self,
        across_mm: tuple[float, ...] = ACROSS_MM,
        along_mm: tuple[float, ...] = ALONG_MM,
        reach_mm: float = REACH_MM,
        beats: int = 1,
    ) -> None:
        """Place the landmarks on a grid.

        Args:
            across_mm: places along each of the two axes across the heart.
            along_mm: places along its long axis.
            reach_mm: standard deviation of the weights around a landmark.
            beats: parts of the beat; at most the time steps that a patch makes of one.

        Raises:
            ValueError: if there is no landmark, or reach or beats are not above zero.
        """
        super().__init__()
        spots = list(product(across_mm, across_mm, along_mm))
        if not spots or reach_mm <= 0 or beats < 1:
            raise ValueError(
                f"landmarks need places, a reach and a beat: across_mm {across_mm}, along_mm {along_mm}, "
                f"reach_mm {reach_mm}, beats {beats}"
            )
        self.register_buffer("spots", torch.tensor(spots), persistent=False)
        self.reach_mm, self.beats = reach_mm, beats
        self.count = len(spots) * beats

    def forward(self, values: Tensor, attend: Tensor, where: Coordinates) -> Tensor:
        """Average.

        Args:
            values: of N patches, (B, N, D).
            attend: True for those that exist, (B, N).
            where: their coordinates, (B, N).

        Returns:
            The averages, (B, count * D), zero in a part of the beat that nobody belongs to.
        """
        square = (self.spots[:, None] - where.centre[:, None]).square().sum(dim=-1)  # (B, landmarks, N)
        part = torch.arange(self.beats, device=square.device)[:, None]
        counts = attend[:, None] & ((where.phase[:, None] * self.beats).long() == part)  # (B, beats, N)
        logits = (-square / (2 * self.reach_mm**2))[:, :, None].masked_fill(~counts[:, None], -torch.inf)
        weights = logits.flatten(1, 2).softmax(dim=-1).nan_to_num()  # nobody in this part of the beat: zero
        with without_autocast(square.device):  # means in bfloat16 would lose what tells hearts apart
            return (weights @ values.float()).flatten(1)
