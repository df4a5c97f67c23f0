"""From planes to tokens and back: patches of a few frames, rows and columns, where each one lies and which exist.

Axes are named as everywhere in the project: B batch, P planes, T frames, H rows, W columns; N = P * t * h * w tokens
in this order. A patch is (frames, rows, columns), published as 25 x 8 x 8.
"""

from typing import NamedTuple

import torch
from einops import rearrange
from torch import Tensor

Patch = tuple[int, int, int]


class Grid(NamedTuple):
    """How many tokens there are along each axis of a sample."""

    planes: int
    frames: int
    rows: int
    columns: int

    @property
    def per_plane(self) -> int:
        """Tokens of one plane."""
        return self.frames * self.rows * self.columns

    @property
    def tokens(self) -> int:
        """Tokens of one sample."""
        return self.planes * self.per_plane


class Coordinates(NamedTuple):
    """Where tokens are, by anatomy and by grid; every field has the leading axes (B, N).

    Attributes:
        centre: middle of the patch in the heart frame, mm, (B, N, 3).
        edges: the patch's column and row edge vectors in the heart frame, mm, (B, N, 6).
        phase: middle of the patch on the circle of the beat, 0 to 1, (B, N).
        cell: slice within its axis group, frame, row and column of the token grid, (B, N, 4).
        short_axis: True where the plane's normal lies along the long axis of the heart, (B, N).
    """

    centre: Tensor
    edges: Tensor
    phase: Tensor
    cell: Tensor
    short_axis: Tensor

    def take(self, ids: Tensor) -> "Coordinates":
        """Pick those of the tokens `ids` (B, K)."""
        return Coordinates(*(take(field, ids) for field in self))


class Tokens(NamedTuple):
    """What a network is shown of B studies: all N tokens, or K that `take` picked of them.

    Attributes:
        patches: intensities 0 to 1, (B, N, pixels).
        where: their coordinates, (B, N).
        exists: False for tokens of absent planes, which mean nothing, (B, N).
        grid: that of the whole studies, also where some tokens were picked.
    """

    patches: Tensor
    where: Coordinates
    exists: Tensor
    grid: Grid

    def take(self, ids: Tensor) -> "Tokens":
        """Pick the tokens `ids` (B, K)."""
        return Tokens(take(self.patches, ids), self.where.take(ids), take(self.exists, ids), self.grid)


def tokenise(images: Tensor, affine: Tensor, present: Tensor, patch: Patch) -> Tokens:
    """Cut studies into all their tokens.

    Args:
        images: intensities 0 to 1, (B, P, T, H, W).
        affine: pixel to heart frame mm, (B, P, 4, 4).
        present: True for planes that exist, (B, P).
        patch: frames, rows and columns of a patch.

    Raises:
        ValueError: if a patch does not divide frames, rows or columns.
    """
    grid = grid_of(images, patch)
    exists = present.repeat_interleave(grid.per_plane, dim=1)  # (B, N)
    return Tokens(patchify(images, patch), coordinates(affine, grid, patch), exists, grid)


def grid_of(images: Tensor, patch: Patch) -> Grid:
    """Return the token grid of images (..., P, T, H, W).

    Raises:
        ValueError: if a patch does not divide frames, rows or columns.
    """
    planes, *shape = images.shape[-4:]
    for axis, size, step in zip(("frames", "rows", "columns"), shape, patch, strict=True):
        if step < 1 or size % step:
            raise ValueError(
                f"patch {patch} does not divide the {size} {axis} of a plane: choose a patch whose {axis} divide {size}"
            )
    frames, rows, columns = (size // step for size, step in zip(shape, patch, strict=True))
    return Grid(planes, frames, rows, columns)


def patchify(images: Tensor, patch: Patch) -> Tensor:
    """Cut images (B, P, T, H, W) into patches (B, N, pixels)."""
    frames, rows, columns = patch
    pattern = "b p (t f) (h r) (w c) -> b (p t h w) (f r c)"
    return rearrange(images, pattern, f=frames, r=rows, c=columns)


def unpatchify(patches: Tensor, grid: Grid, patch: Patch) -> Tensor:
    """Put patches (B, N, pixels) together to images (B, P, T, H, W)."""
    sizes = {"p": grid.planes, "t": grid.frames, "h": grid.rows, "w": grid.columns}
    steps = dict(zip("frc", patch, strict=True))
    return rearrange(patches, "b (p t h w) (f r c) -> b p (t f) (h r) (w c)", **sizes, **steps)


def take(tokens: Tensor, ids: Tensor) -> Tensor:
    """Pick tokens (B, N, ...) by ids (B, K) and return (B, K, ...)."""
    index = ids.reshape(*ids.shape, *[1] * (tokens.ndim - 2)).expand(-1, -1, *tokens.shape[2:])  # (B, K, ...)
    return tokens.gather(1, index)


def is_short_axis(affine: Tensor) -> Tensor:
    """Tell which planes (..., 4, 4) in the heart frame are short-axis: their normal is closer to z than 45 degrees."""
    normal = torch.linalg.cross(affine[..., :3, 0], affine[..., :3, 1])
    return normal[..., 2].abs() > 0.7 * normal.norm(dim=-1)


def axis_height(affine: Tensor) -> Tensor:
    """Return where planes (..., 4, 4) in the heart frame cross the long axis, z in mm; not finite if they hold it."""
    normal = torch.linalg.cross(affine[..., :3, 0], affine[..., :3, 1])
    return (normal * affine[..., :3, 3]).sum(dim=-1) / normal[..., 2]


def coordinates(affine: Tensor, grid: Grid, patch: Patch) -> Coordinates:
    """Return the coordinates of all tokens of planes with `affine` (B, P, 4, 4), pixel to heart frame mm."""
    batch, device = affine.shape[0], affine.device
    _, rows, columns = patch
    axes = [torch.arange(size, device=device) for size in grid]
    plane, frame, row, column = (axis.flatten() for axis in torch.meshgrid(*axes, indexing="ij"))  # (N,)
    pixel = torch.stack(  # (N, 4), the middle of the patch; pixel centres have whole numbers
        [
            column * columns + (columns - 1) / 2,
            row * rows + (rows - 1) / 2,
            torch.zeros_like(row, dtype=torch.float32),  # of one type with the others: ONNX promotes none
            torch.ones_like(row, dtype=torch.float32),
        ],
        dim=-1,
    )
    of_token = affine[:, plane]  # (B, N, 4, 4)
    short_axis = is_short_axis(affine)
    within = torch.where(short_axis, short_axis.cumsum(1), (~short_axis).cumsum(1)) - 1  # (B, P)
    cell = torch.stack([frame, row, column], dim=-1).expand(batch, -1, -1)  # (B, N, 3)
    return Coordinates(
        centre=(of_token[..., :3, :] * pixel[:, None]).sum(-1),  # no matrix product: bfloat16 would round to 0.5 mm
        edges=torch.cat([of_token[..., :3, 0] * columns, of_token[..., :3, 1] * rows], dim=-1),
        phase=((frame + 0.5) / grid.frames).expand(batch, -1),
        cell=torch.cat([within[:, plane, None], cell], dim=-1),
        short_axis=short_axis[:, plane],
    )
