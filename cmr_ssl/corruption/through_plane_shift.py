"""A breath held elsewhere: the slice shows tissue above or below where it says."""

import torch
from torch import Tensor

from cmr_ssl.corruption.base import Corruption, Hits, between, check_range
from cmr_ssl.device_resampling import resample
from cmr_ssl.models.tokens import axis_height, is_short_axis
from cmr_ssl.sample import Sample


class ThroughPlaneShift(Corruption):
    """Move a short-axis slice along the long axis: its pixels become a mixture of its own and of a neighbour's.

    I' = (1 - s) I + s J with the neighbour J at a distance g, s = min(1, d / g), d ~ U(least_mm, most_mm), up or down.
    Mixing two slices is the best that a stack knows about what lies between them, and blurs as thick slices do.
    Slices at an end move inwards.
    """

    def __init__(self, rate: float = 0.05, least_mm: float = 4.0, most_mm: float = 10.0) -> None:
        """Set how often and how far.

        Args:
            rate: probability that a plane has this flaw; long-axis planes never do.
            least_mm: shortest distance d; no slice goes beyond its neighbour.
            most_mm: longest distance d, 50 at most.

        Raises:
            ValueError: if a number makes no sense.
        """
        super().__init__(rate)
        check_range(least_mm, most_mm, 50.0, "the millimetres of a through-plane shift")
        self.least_mm, self.most_mm = least_mm, most_mm

    def possible(self, batch: Sample) -> Tensor:
        """Tell which planes are slices of a stack of at least two, (B, P)."""
        stack = batch.present & is_short_axis(batch.affine)
        return stack & (stack.sum(dim=1, keepdim=True) > 1)

    def flawed(self, batch: Sample, hits: Hits) -> Tensor:
        """Return (1 - s) I + s J on the pixels of the slices, (n, T, H, W); s is 0 where there is no neighbour."""
        neighbour, gap = self.neighbours(batch, hits)
        far = (between(hits.draws[:, 0], self.least_mm, self.most_mm) / gap).clamp(max=1)
        share = torch.where(hits.of(self.possible(batch)), far, 0.0)[:, None, None, None]
        beside = Hits(hits.subject, neighbour, hits.draws)
        there = onto(beside.of(batch.images), beside.of(batch.affine), hits.of(batch.affine))
        return torch.lerp(hits.of(batch.images), there, share)

    def neighbours(self, batch: Sample, hits: Hits) -> tuple[Tensor, Tensor]:
        """Return the nearest slice in the drawn direction, or where there is none in the other, and the mm to it."""
        heights, others = axis_height(batch.affine)[hits.subject], self.possible(batch)[hits.subject]
        away = heights - heights.gather(1, hits.plane[:, None])
        same_side = torch.where(hits.draws[:, 1:2] < 0.5, -1.0, 1.0) * away > 0
        gap = away.abs().masked_fill(~others | (away == 0), torch.inf)
        nearest = torch.where(same_side, gap, gap + 1e4).argmin(dim=1)
        return nearest, gap.gather(1, nearest[:, None])[:, 0]


def onto(planes: Tensor, affine: Tensor, target: Tensor) -> Tensor:
    """Read planes (n, T, H, W) with `affine` (n, 4, 4) at the pixels of others, projected along their normals."""
    inverse = left_inverse(affine[:, :3, :2])
    move = torch.eye(3, device=planes.device).repeat(len(planes), 1, 1)
    move[:, :2, :2] = inverse @ target[:, :3, :2]
    move[:, :2, 2] = (inverse @ (target[:, :3, 3] - affine[:, :3, 3])[..., None])[..., 0]
    return resample(planes[None], move[None], "border")[0]


def left_inverse(edges: Tensor) -> Tensor:
    """Return (E^T E)^-1 E^T of two edge vectors each, (n, 3, 2) to (n, 2, 3), written down: solvers stop the device."""
    (a, b), (_, d) = (row.unbind(-1) for row in (edges.mT @ edges).unbind(-2))
    adjugate = torch.stack([torch.stack([d, -b], dim=-1), torch.stack([-b, a], dim=-1)], dim=-2)
    return adjugate @ edges.mT / (a * d - b * b)[:, None, None]
