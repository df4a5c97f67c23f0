"""Decoders: what do the hidden patches look like, given what the encoder saw?"""

from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from cmr_ssl.models.encoder import Encoded, Encoder
from cmr_ssl.models.nearness import behind_nowhere, places
from cmr_ssl.models.tokens import Coordinates
from cmr_ssl.models.transformer import CrossBlock, SelfBlock, initialise, token_parameter


class Decoder(nn.Module):
    """Base of decoders: widths, the query token, positions of its own and the way back to pixels."""

    def __init__(self, encoder: Encoder, width: int) -> None:
        """Build the shared parts for the tokens of `encoder`, which itself stays outside."""
        super().__init__()
        frames, rows, columns = encoder.patch
        self.narrow = nn.Linear(encoder.width, width)
        self.query = token_parameter(width)
        self.position = encoder.positions.embedding(width)
        self.norm = nn.LayerNorm(width)
        self.pixels = nn.Linear(width, frames * rows * columns)
        self.width = width

    def forward(self, encoded: Encoded, target: Coordinates) -> Tensor:
        """Predict pixels, (B, Q, pixels); see `features` for the arguments."""
        return self.pixels(self.features(encoded, target))

    @abstractmethod
    def features(self, encoded: Encoded, target: Coordinates, all_exist: bool = True) -> Tensor:
        """Say what is at the wanted places.

        Args:
            encoded: what the encoder said about the visible tokens, (B, K).
            target: coordinates of the patches to predict, (B, Q).
            all_exist: whether each visible token exists, as in pretraining; where not, those that do not are left out.

        Returns:
            Features, (B, Q, width), of which pixels, and whatever else is to be told, are linear maps.
        """


class CrossAttentionDecoder(Decoder):
    """Each wanted patch asks the visible tokens; the cost grows with the patches asked for, not with all of them.

    Any patch of any plane can be asked for, also of planes nobody acquired. Compare Fu et al., CrossMAE,
    arXiv 2401.14391.
    """

    def __init__(
        self, encoder: Encoder, width: int = 512, depth: int = 2, heads: int = 8, mlp_ratio: float = 4.0
    ) -> None:
        """Build the decoder; the arguments mean what they mean in `Encoder`."""
        super().__init__(encoder, width)
        self.memory_norm = nn.LayerNorm(width)
        nearness = encoder.positions.nearness
        self.blocks = nn.ModuleList(CrossBlock(width, heads, mlp_ratio, nearness(heads)) for _ in range(depth))
        self.apply(initialise)

    def features(self, encoded: Encoded, target: Coordinates, all_exist: bool = True) -> Tensor:
        """Let the wanted patches attend to the visible tokens, not to each other, (B, Q, width)."""
        memory = self.narrow(encoded.tokens) + self.position(encoded.where)
        memory = self.memory_norm(torch.cat([self.narrow(encoded.class_token)[:, None], memory], dim=1))
        queries = self.query + self.position(target).float()
        at = places(target), behind_nowhere(places(encoded.where))
        attend = None if all_exist else pad(encoded.exists, (1, 0), value=True)
        for block in self.blocks:
            queries = block(queries, memory, attend, at)
        return self.norm(queries)


class SelfAttentionDecoder(Decoder):
    """The published decoder: visible tokens and placeholders of the wanted ones all attend to each other."""

    def __init__(
        self, encoder: Encoder, width: int = 1024, depth: int = 2, heads: int = 16, mlp_ratio: float = 4.0
    ) -> None:
        """Build the decoder; the arguments mean what they mean in `Encoder`."""
        super().__init__(encoder, width)
        nearness = encoder.positions.nearness
        self.blocks = nn.ModuleList(SelfBlock(width, heads, mlp_ratio, nearness(heads)) for _ in range(depth))
        self.apply(initialise)

    def features(self, encoded: Encoded, target: Coordinates, all_exist: bool = True) -> Tensor:
        """Let visible tokens and placeholders of the wanted patches attend to each other, (B, Q, width)."""
        visible = self.narrow(encoded.tokens).float() + self.position(encoded.where)
        placeholders = self.query + self.position(target)
        tokens = torch.cat([self.narrow(encoded.class_token)[:, None], visible, placeholders], dim=1)
        at = behind_nowhere(torch.cat([places(encoded.where), places(target)], dim=1))
        asked = placeholders.shape[1]
        attend = None if all_exist else pad(pad(encoded.exists, (1, 0), value=True), (0, asked), value=True)
        for block in self.blocks:
            tokens = block(tokens, attend, at)
        return self.norm(tokens[:, -asked:])
