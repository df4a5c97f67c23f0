"""Lines as tokens: one readout of one plane, frame and k_y, real and imaginary parts of all coils.

The readout is complete, so it is transformed to space at once, as scanners do: a line holds what lies at each column.
Lines away from k_y = 0 are weak; they are amplified by what hearts have on average, and amplified back.
"""

from typing import NamedTuple, Self

import torch
from einops import rearrange
from torch import Tensor

from cmr_ssl.kspace.acquisition import Acquired
from cmr_ssl.kspace.fourier import to_image, to_kspace
from cmr_ssl.models.tokens import Coordinates, Grid, Tokens, coordinates
from cmr_ssl.sample import Sample

READOUT = (-1,)
FALL = 1.2  # amplitudes of hearts fall like (1 + |k_y|)^-FALL
STRENGTH = 0.3  # of the line at k_y = 0, over the square root of the number of lines
REACH = 0.06  # of a beat, after which an acquired line counts 1 / e as much
FAR_MM = 3000.0  # where absent planes are put for a decoder: farther than any nearness reaches


def amplification(rows: int, device: torch.device) -> Tensor:
    """Return by what lines are multiplied, (H, 1): (1 + |k_y|)^FALL / (STRENGTH sqrt(H)), about 1 over their size."""
    away = (torch.arange(rows, device=device) - rows / 2).abs()
    return ((1 + away) ** FALL / (STRENGTH * rows**0.5))[:, None]


def to_lines(kspace: Tensor) -> Tensor:
    """Turn k-space (n, T, C, H, W) complex into lines (n, T, H, 2 C W) around 0.5, as the encoder takes its patches."""
    space = torch.view_as_real(to_image(kspace, READOUT))
    values = rearrange(space, "n t c h w r -> n t h (c r w)")
    return 0.5 + 0.5 * values * amplification(kspace.shape[-2], kspace.device)


def from_lines(lines: Tensor, coils: int) -> Tensor:
    """Turn lines (n, T, H, 2 C W) of C `coils` into k-space (n, T, C, H, W) complex; the inverse of `to_lines`."""
    values = (2 * lines - 1) / amplification(lines.shape[-2], lines.device)
    space = rearrange(values, "n t h (c r w) -> n t c h w r", c=coils, r=2)
    return to_kspace(torch.view_as_complex(space.contiguous()), READOUT)


def line_coordinates(affine: Tensor, grid: Grid, columns: int) -> Coordinates:
    """Return the coordinates of all lines of a grid whose planes have `affine`, (B, P, 4, 4).

    A line lies where the row of its number lies, so that lines of near k_y in near planes are near. Its edges are those
    of the field of view; its cell says slice, frame, k_y from -H / 2 on, and H.
    """
    where = coordinates(affine, grid, (1, 1, columns))
    edges = torch.cat([where.edges[..., :3], where.edges[..., 3:] * grid.rows], dim=-1)
    line, rows = where.cell[..., 2:3] - grid.rows // 2, torch.full_like(where.cell[..., :1], grid.rows)
    return where._replace(edges=edges, cell=torch.cat([where.cell[..., :2], line, rows], dim=-1))


def share(lines: Tensor, mask: Tensor) -> Tensor:
    """Fill each line with the mean of those acquired at its k_y, weighted by exp(-|t - t'| / REACH) around the beat.

    Args:
        lines: (n, T, H, V), of which those count that were acquired.
        mask: True for these, (n, T, H).

    Returns:
        Lines (n, T, H, V), 0.5 where no frame acquired this k_y.
    """
    frame = torch.arange(lines.shape[1], device=lines.device) / lines.shape[1]
    apart = (frame[:, None] - frame).abs()
    weights = torch.exp(-torch.minimum(apart, 1 - apart) / REACH) * mask.permute(0, 2, 1)[:, :, None]  # (n, H, T, T')
    weights = weights / weights.sum(dim=-1, keepdim=True).clamp(min=1e-9)
    return 0.5 + torch.einsum("nhts,nshv->nthv", weights, lines - 0.5)


class Lines(NamedTuple):
    """The lines of B studies, of which an encoder may see those that were acquired.

    Attributes:
        acquired: what the scanner has of all B * P planes.
        grid: planes, frames, lines of a frame, and 1.
        where: coordinates of all N = P * T * H lines, (B, N).
        visible: ids of the lines that were acquired, (B, K).
        hidden: ids of all others, (B, N - K).
        exists: False for lines of absent planes, (B, N).
    """

    acquired: Acquired
    grid: Grid
    where: Coordinates
    visible: Tensor
    hidden: Tensor
    exists: Tensor

    @classmethod
    def of(cls, acquired: Acquired, batch: Sample) -> Self:
        """Sort the lines that were acquired of the planes of a batch, images (B, P, T, H, W)."""
        size, planes, frames, rows, columns = batch.images.shape
        grid = Grid(planes, frames, rows, 1)
        there = acquired.encoding.mask.view(size, planes * frames, rows)
        order = (~there).to(torch.uint8).argsort(dim=-1, stable=True)  # of each frame: acquired ones first
        ids = order + rows * torch.arange(planes * frames, device=order.device)[:, None]
        count = acquired.lines
        where = line_coordinates(batch.affine, grid, columns)
        exists = batch.present.repeat_interleave(grid.per_plane, dim=1)
        return cls(acquired, grid, where, ids[..., :count].flatten(1), ids[..., count:].flatten(1), exists)

    def seen(self) -> Tokens:
        """Return the lines that were acquired, K of each study, as tokens of 2 C W values."""
        return Tokens(self.measured(), self.where, self.exists, self.grid).take(self.visible)

    def measured(self) -> Tensor:
        """Return all lines as the scanner has them, (B, N, 2 C W): nothing but 0.5 where none was acquired."""
        return self.batched(to_lines(self.acquired.measured))

    def true(self) -> Tensor:
        """Return all lines without noise, (B, N, 2 C W): what is to be predicted."""
        return self.batched(to_lines(self.acquired.true))

    def shared(self) -> Tensor:
        """Return of all lines what was measured at the same k_y in the frames nearby, (B, N, 2 C W); see `share`."""
        return self.batched(share(to_lines(self.acquired.measured), self.acquired.encoding.mask[:, :, 0, :, 0]))

    def batched(self, lines: Tensor) -> Tensor:
        """Return lines of all planes (B * P, T, H, V) as those of studies, (B, N, V)."""
        return lines.reshape(len(self.exists), self.grid.tokens, -1)

    def for_decoder(self) -> Coordinates:
        """Return where the visible lines are, those of absent planes so far away that no query attends to them."""
        where = self.where.take(self.visible)
        away = FAR_MM * ~self.exists.gather(1, self.visible)
        return where._replace(centre=where.centre + away[..., None])

    def of_frames(self, frames: Tensor) -> Tensor:
        """Return the ids of the hidden lines in the chosen frames (B, F) of every plane, (B, P * F * hidden)."""
        hidden = self.hidden.view(len(self.hidden), self.grid.planes, self.grid.frames, -1)
        index = frames[:, None, :, None].expand(-1, hidden.shape[1], -1, hidden.shape[3])
        return hidden.gather(2, index).flatten(1)

    def images(self, ids: Tensor, predicted: Tensor) -> Tensor:
        """Return the images, (B, P, T, H, W), of measured lines and of what was predicted of others.

        Args:
            ids: of the predicted lines, (B, Q).
            predicted: what they hold, (B, Q, 2 C W); where a measured line was predicted too, the measured one counts.
        """
        lines = (
            self.measured().float().scatter(1, ids[..., None].expand(-1, -1, predicted.shape[-1]), predicted.float())
        )
        acquired, grid = self.acquired, self.grid
        shaped = lines.view(-1, grid.frames, grid.rows, lines.shape[-1])
        kspace = acquired.encoding.with_measured(from_lines(shaped, acquired.measured.shape[2]), acquired.measured)
        return self.planes(acquired.encoding.combined(kspace).abs())

    def zero_filled(self) -> Tensor:
        """Return the images of the measured lines alone, (B, P, T, H, W)."""
        return self.planes(self.acquired.zero_filled())

    def planes(self, images: Tensor) -> Tensor:
        """Return images of all planes (B * P, T, H, W) as those of studies."""
        return images.unflatten(0, (len(self.exists), self.grid.planes))
