"""Pooling: from the tokens of a study to one vector of the whole heart."""

from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from cmr_ssl.models.encoder import Encoded, Encoder
from cmr_ssl.models.landmarks import ACROSS_MM, ALONG_MM, REACH_MM, Landmarks
from cmr_ssl.models.transformer import Attention, initialise, token_parameter


class Pooling(nn.Module):
    """Base of poolings; each is built for the tokens of an encoder, which itself stays outside.

    Attributes:
        width: features of a pooled study.
    """

    def __init__(self, encoder: Encoder) -> None:
        """Be as wide as the encoder's tokens."""
        super().__init__()
        self.width = encoder.width

    @abstractmethod
    def forward(self, encoded: Encoded) -> Tensor:
        """Return one vector a study, (B, width), of what the encoder said of it."""


class ClassTokenPooling(Pooling):
    """Take the class token, which saw everything."""

    def forward(self, encoded: Encoded) -> Tensor:
        """Return the class token, (B, D)."""
        return encoded.class_token


class MeanPooling(Pooling):
    """Average the tokens that exist."""

    def forward(self, encoded: Encoded) -> Tensor:
        """Return the mean over the tokens that exist, (B, D)."""
        weights = encoded.exists[..., None].to(encoded.tokens.dtype)
        return (encoded.tokens * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1)


class AttentionPooling(Pooling):
    """Let learnt queries ask the class token and all tokens that exist: an attentive probe."""

    def __init__(self, encoder: Encoder, heads: int = 4) -> None:
        """Build the query.

        Args:
            encoder: what makes the tokens.
            heads: attention heads; must divide the encoder's width.
        """
        super().__init__(encoder)
        self.query = token_parameter(encoder.width)
        self.attention = Attention(encoder.width, heads)
        self.apply(initialise)

    def forward(self, encoded: Encoded) -> Tensor:
        """Return what the learnt query attends to among class token and tokens, (B, D)."""
        memory = torch.cat([encoded.class_token[:, None], encoded.tokens], dim=1)
        queries = self.query.expand(len(memory), -1, -1)
        return self.attention(queries, memory, pad(encoded.exists, (1, 0), value=True))[:, 0]


class LandmarkPooling(Pooling):
    """Average the tokens around fixed places of the heart, in each part of the beat by itself; see `Landmarks`.

    Beside the tokens it averages what their patches show by themselves, of which the encoder keeps only what it needed.
    """

    def __init__(
        self,
        encoder: Encoder,
        across_mm: tuple[float, ...] = ACROSS_MM,
        along_mm: tuple[float, ...] = ALONG_MM,
        reach_mm: float = REACH_MM,
        beats: int = 1,
    ) -> None:
        """Place the landmarks; the arguments are those of `Landmarks`, and the `encoder` that makes the tokens."""
        super().__init__(encoder)
        self.landmarks = Landmarks(across_mm, along_mm, reach_mm, beats)
        self.width = self.landmarks.count * 2 * encoder.width

    def forward(self, encoded: Encoded) -> Tensor:
        """Return the means of tokens and patches around the landmarks, (B, landmarks * beats * 2 D)."""
        both = torch.cat([encoded.tokens, encoded.patches], dim=-1)  # (B, K, 2 D)
        return self.landmarks(both, encoded.exists, encoded.where)
