"""The encoder: visible tokens of all planes together into one representation of the beating heart."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from cmr_ssl.models.nearness import behind_nowhere, places
from cmr_ssl.models.positions import Positions
from cmr_ssl.models.tokens import Coordinates, Patch, coordinates, grid_of, patchify
from cmr_ssl.models.transformer import SelfBlock, initialise, token_parameter


class Encoded(NamedTuple):
    """What the encoder says.

    Attributes:
        class_token: one for the whole heart, (B, D).
        tokens: one for each patch it saw, (B, K, D).
        patches: what each patch shows by itself, before it heard of the others and without its place, (B, K, D).
    """

    class_token: Tensor
    tokens: Tensor
    patches: Tensor


class Encoder(nn.Module):
    """A vision transformer over the spatio-temporal patches of all planes, with a class token.

    Method: Zhang et al., MICCAI 2024, arXiv 2406.00329.
    """

    def __init__(
        self,
        positions: Positions,
        patch: Patch = (25, 8, 8),
        width: int = 1024,
        depth: int = 6,
        heads: int = 16,
        mlp_ratio: float = 4.0,
    ) -> None:
        """Build the encoder.

        Args:
            positions: how tokens know where they are.
            patch: frames, rows and columns of a patch; must divide the prepared planes.
            width: features of a token.
            depth: number of blocks.
            heads: attention heads; must divide `width`.
            mlp_ratio: hidden width of the feed-forward networks over `width`.
        """
        super().__init__()
        self.positions, self.patch, self.width = positions, patch, width
        self.embed = nn.Linear(patch[0] * patch[1] * patch[2], width)
        self.position = positions.embedding(width)
        self.class_token = token_parameter(width)
        self.blocks = nn.ModuleList(SelfBlock(width, heads, mlp_ratio, positions.nearness(heads)) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.apply(initialise)

    def forward(self, patches: Tensor, where: Coordinates, attend: Tensor | None = None) -> Encoded:
        """Encode the patches it is shown.

        Args:
            patches: intensities 0 to 1, (B, K, pixels).
            where: their coordinates.
            attend: True for patches that exist, (B, K); None where all do.

        Returns:
            What it says of them.
        """
        embedded = self.embed(2 * patches - 1).float()
        tokens = embedded + self.position(where)
        tokens = torch.cat([self.class_token.expand(len(tokens), -1, -1), tokens], dim=1)
        if attend is not None:
            attend = nn.functional.pad(attend, (1, 0), value=True)
        at = behind_nowhere(places(where))
        for block in self.blocks:
            tokens = block(tokens, attend, at)
        tokens = self.norm(tokens)
        return Encoded(tokens[:, 0], tokens[:, 1:], embedded)

    def encode_planes(self, images: Tensor, affine: Tensor, present: Tensor) -> Encoded:
        """Encode every patch of the present planes; absent planes are attended to by nobody.

        Args:
            images: intensities 0 to 1, (B, P, T, H, W).
            affine: pixel to heart frame mm, (B, P, 4, 4).
            present: True for planes that exist, (B, P).

        Returns:
            What it says of all N tokens; those of absent planes mean nothing.
        """
        grid = grid_of(images, self.patch)
        attend = present.repeat_interleave(grid.per_plane, dim=1)
        return self(patchify(images, self.patch), coordinates(affine, grid, self.patch), attend)
