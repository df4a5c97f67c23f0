"""A decoder that knows the truth: a blob of light at one place of the heart, which planes show where they cut it."""

import torch
from torch import nn

from cmr_ssl.inference.comparators import pixel_points

BLOB_MM = 14.0


class Oracle(nn.Module):
    """Stands in for a trained decoder; what it says of a patch follows from its coordinates alone."""

    def __init__(self, place, patch):
        super().__init__()
        self.place, self.patch = torch.tensor(place), patch

    def forward(self, encoded, wanted):
        frames, rows, columns = self.patch
        row = ((torch.arange(rows) + 0.5) / rows - 0.5)[:, None, None] * wanted.edges[..., None, None, 3:]
        column = ((torch.arange(columns) + 0.5) / columns - 0.5)[:, None] * wanted.edges[..., None, None, :3]
        points = wanted.centre[..., None, None, :] + row + column  # (B, N, rows, columns, 3)
        light = torch.exp(-(points - self.place).square().sum(-1) / (2 * BLOB_MM**2))
        return light[:, :, None].expand(-1, -1, frames, -1, -1).flatten(2)


def lit(batch, oracle):
    """Return a batch whose planes show what the oracle knows."""
    size = batch.images.shape[-1]
    points = torch.stack([torch.stack([pixel_points(one, size, size) for one in planes]) for planes in batch.affine])
    images = torch.exp(-(points - oracle.place).square().sum(-1) / (2 * BLOB_MM**2))
    return batch._replace(images=images[:, :, None].expand(batch.images.shape).clone())
