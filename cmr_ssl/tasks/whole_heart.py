"""The whole heart in numbers: how bright a pretrained model says that fixed places of it are, whatever it was shown.

Means of tokens change with the planes they come from. The decoder can be asked about the same places every time, and
what was not acquired it completes from the rest; so a study that lacks planes stays where the full one is.
"""

from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from cmr_ssl.models import Decoder, Encoded, Encoder
from cmr_ssl.models.completion import ACROSS_MM, CELLS, HEIGHTS_MM
from cmr_ssl.models.positions import AnatomicalPositions
from cmr_ssl.models.tokens import Grid, Patch, coordinates
from cmr_ssl.sample import Sample

SLABS = 3  # the planes of a slab are averaged


class Completes(Protocol):
    """A task that completes hearts: with an encoder, a decoder, and whether that speaks of normalised patches."""

    encoder: Encoder
    decoder: Decoder
    normalise: bool


def has_whole_heart(task: Completes) -> bool:
    """Tell whether the decoder of a task knows brightness at any place of the heart."""
    return isinstance(task.encoder.positions, AnatomicalPositions) and not task.normalise


def whole_heart(task: Completes, encoded: Encoded, batch: Sample) -> Tensor:
    """Return the brightness of the same cells of every heart, (B, slabs * time steps * cells * cells), about 0 to 1.

    Args:
        task: of which `has_whole_heart` is true.
        encoded: what the encoder said of all tokens of the batch.
        batch: images (B, P, T, H, W); at least one plane of each study is present.
    """
    hearts, patch = [], task.encoder.patch
    for index, (affine, present) in enumerate(zip(batch.affine, batch.present, strict=True)):
        planes, fixed = fixed_planes(affine[present], encoded.grid, patch)
        patches = task.decoder(encoded.study(index), coordinates(planes[None], fixed, patch))
        brightness = patches.float().mean(dim=-1)
        slabs = brightness.view(SLABS, -1, fixed.frames, fixed.rows, fixed.columns).mean(dim=1)
        hearts.append(adaptive_avg_pool2d(slabs, CELLS).flatten())
    return torch.stack(hearts)


def fixed_planes(affine: Tensor, grid: Grid, patch: Patch) -> tuple[Tensor, Grid]:
    """Return affines (Q, 4, 4) of the planes asked for, and their tokens, with pixels as large as those of a study.

    Args:
        affine: pixel to heart frame mm, (P, 4, 4), of its planes.
        grid: their tokens.
        patch: of the encoder.
    """
    pixel = affine[:, :3, 0].norm(dim=-1).mean()
    rows, columns = (max(CELLS, round(ACROSS_MM / (float(pixel) * step))) for step in patch[1:])
    planes = torch.eye(4, device=affine.device).repeat(len(HEIGHTS_MM), 1, 1)
    planes[:, 0, 0], planes[:, 0, 3] = pixel, -pixel * (columns * patch[2] - 1) / 2
    planes[:, 1, 1], planes[:, 1, 3] = -pixel, pixel * (rows * patch[1] - 1) / 2
    planes[:, 2, 3] = HEIGHTS_MM.to(affine)
    return planes, Grid(len(HEIGHTS_MM), grid.frames, rows, columns)
