"""Ask a pretrained model what a heart looks like: show it some planes, then ask for any other.

Everything here is about one subject, a batch of one whose images are intensities 0 to 1.
"""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import torch
from torch import Tensor

from cmr_ssl.models.encoder import Encoded
from cmr_ssl.models.tokens import Coordinates, Grid, coordinates, grid_of, unpatchify
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.pretraining import PretrainingTask

TOKENS_AT_ONCE = 4096  # asked for together, so that memory does not grow with the planes wanted


class EncodedHeart(NamedTuple):
    """What a model was shown of one heart.

    Attributes:
        encoded: what the encoder says about it.
        mean: of their intensities, ().
        deviation: of their intensities, ().
    """

    encoded: Encoded
    mean: Tensor
    deviation: Tensor


def encode_shown(task: PretrainingTask, heart: Sample, shown: Tensor) -> EncodedHeart:
    """Encode the planes `shown`, (P,) bool; the pixels of all others are not looked at.

    Raises:
        ValueError: if nothing is shown.
    """
    if not shown.any():
        raise ValueError(f"subject {heart.subject[0]}: there is no plane from which others could be predicted")
    tokens = task.tokens(heart)
    visible = tokens.take(tokens_of(shown, tokens.grid))
    return EncodedHeart(task.encoder(visible, all_exist=True), visible.patches.mean(), visible.patches.std())


def decode_tokens(task: PretrainingTask, context: EncodedHeart, where: Coordinates, grid: Grid) -> Tensor:
    """Return the planes whose tokens lie at `where`, (1, Q), as intensities 0 to 1, (P, T, H, W) as `grid` says."""
    predicted = task.decoder(context.encoded, where).float()
    if task.normalise:  # the decoder speaks of patches up to mean and deviation; those of the whole heart stand in
        predicted = predicted * context.deviation + context.mean
    return unpatchify(predicted.clamp(0, 1), grid, task.encoder.patch)[0]


def decode_own_planes(task: PretrainingTask, heart: Sample, context: EncodedHeart, chosen: Tensor) -> Tensor:
    """Return planes of the heart itself, `chosen` (P,) bool, where they lie in the sample; (Q, T, H, W)."""
    patch = task.encoder.patch
    grid = grid_of(heart.images, patch)
    where = coordinates(heart.affine, grid, patch).take(tokens_of(chosen, grid))
    return decode_tokens(task, context, where, grid._replace(planes=int(chosen.sum())))


def decode_anywhere(
    task: PretrainingTask, context: EncodedHeart, affine: Tensor, shape: tuple[int, int, int]
) -> Iterator[Tensor]:
    """Yield planes anywhere in the heart, a few at a time, (q, T, H, W).

    Args:
        task: whose positions are anatomical.
        context: what it was shown of the heart.
        affine: pixel (column, row, 0, 1) of the planes to mm in the heart frame, (Q, 4, 4).
        shape: frames, rows and columns of a plane; those the model was trained with.
    """
    patch = task.encoder.patch
    single = grid_of(torch.empty(1, *shape, device="meta"), patch)
    for few in affine.split(max(1, TOKENS_AT_ONCE // single.per_plane)):
        grid = single._replace(planes=len(few))
        yield decode_tokens(task, context, coordinates(few[None], grid, patch), grid)


def decode_seamlessly(
    task: PretrainingTask, context: EncodedHeart, affine: Tensor, shape: tuple[int, int, int]
) -> Tensor:
    """Return planes anywhere in the heart without the seams of patches, (Q, T, H, W); see `decode_anywhere`.

    Planes are decoded four times, their patches moved by half a patch along rows, along columns and along both. Weights
    fall from the middle of a patch to its border, so that no border is seen, and the four agree better with the truth.
    """
    _, rows, columns = task.encoder.patch
    frames, height, width = shape
    total = torch.zeros(len(affine), *shape, device=affine.device)
    weight = torch.zeros(height, width, device=affine.device)
    for down, right in product({0, rows // 2}, {0, columns // 2}):
        moved = affine.clone()
        moved[:, :3, 3] -= down * affine[:, :3, 1] + right * affine[:, :3, 0]
        larger = frames, height + (rows if down else 0), width + (columns if right else 0)
        kept = slice(down, down + height), slice(right, right + width)
        trusted = _tent(rows, larger[1], affine.device)[:, None] * _tent(columns, larger[2], affine.device)
        decoded = torch.cat([*decode_anywhere(task, context, moved, larger)])
        total += (decoded * trusted)[..., *kept]
        weight += trusted[kept]
    return total / weight


def _tent(patch: int, length: int, device: torch.device) -> Tensor:
    """Return weights (length,) that fall from the middle of every patch to its borders."""
    within = torch.arange(length, device=device) % patch
    return 1 - ((within + 0.5) / patch * 2 - 1).abs()


def tokens_of(planes: Tensor, grid: Grid) -> Tensor:
    """Return the ids of all tokens of `planes` (P,) bool, (1, K)."""
    ids = torch.arange(grid.tokens, device=planes.device).unflatten(0, (grid.planes, grid.per_plane))
    return ids[planes].flatten()[None]


def hearts(batch: Sample) -> Iterator[Sample]:
    """Yield the subjects of a batch as batches of one; blank samples are left out."""
    for index, subject in enumerate(batch.subject):
        if subject:
            yield Sample._make(field[index : index + 1] for field in batch)
