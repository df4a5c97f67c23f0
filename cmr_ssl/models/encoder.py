"""The encoder: visible tokens of all planes together into one representation of the beating heart."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from cmr_ssl.models.nearness import behind_nowhere, places
from cmr_ssl.models.positions import Positions
from cmr_ssl.models.tokens import Coordinates, Grid, Patch, Tokens, take, tokenise
from cmr_ssl.models.transformer import SelfBlock, initialise, token_parameter


class Encoded(NamedTuple):
    """What the encoder says of the K tokens it saw of each study; of those that do not exist it means nothing.

    Attributes:
        class_token: one for the whole heart, (B, D).
        tokens: one for each patch it saw, (B, K, D).
        patches: what each patch shows by itself, before it heard of the others and without its place, (B, K, D).
        where: the coordinates of the tokens, (B, K).
        exists: which of them exist, (B, K).
        grid: that of the whole studies.
    """

    class_token: Tensor
    tokens: Tensor
    patches: Tensor
    where: Coordinates
    exists: Tensor
    grid: Grid

    def study(self, index: int) -> "Encoded":
        """Return what it says of one study of the batch, tokens that do not exist left out, (1, K, ...)."""
        own, ids = slice(index, index + 1), self.exists[index].nonzero().T
        tokens, patches, exists = (take(part[own], ids) for part in (self.tokens, self.patches, self.exists))
        where = Coordinates(*(field[own] for field in self.where)).take(ids)
        return Encoded(self.class_token[own], tokens, patches, where, exists, self.grid)


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

    def forward(self, shown: Tokens, all_exist: bool = False) -> Encoded:
        """Encode the tokens it is shown; those that do not exist are attended to by nobody.

        Args:
            shown: all tokens of studies, or some of them.
            all_exist: whether the caller knows that each of them exists, which keeps the fastest kernels of attention.
        """
        embedded = self.embed(2 * shown.patches - 1).float()
        tokens = embedded + self.position(shown.where)
        tokens = torch.cat([self.class_token.expand(len(tokens), -1, -1), tokens], dim=1)  # (B, 1 + K, D)
        attend = None if all_exist else nn.functional.pad(shown.exists, (1, 0), value=True)
        at = behind_nowhere(places(shown.where))
        for block in self.blocks:
            tokens = block(tokens, attend, at)
        tokens = self.norm(tokens)
        return Encoded(tokens[:, 0], tokens[:, 1:], embedded, shown.where, shown.exists, shown.grid)

    def tokenise(self, images: Tensor, affine: Tensor, present: Tensor) -> Tokens:
        """Cut whole studies into its patches; the arguments are those of `tokens.tokenise`."""
        return tokenise(images, affine, present, self.patch)

    def encode_planes(self, images: Tensor, affine: Tensor, present: Tensor) -> Encoded:
        """Encode every token of whole studies; the arguments are those of `tokens.tokenise`."""
        return self(self.tokenise(images, affine, present))
