"""Pooling: from the tokens of a study to one vector of the whole heart."""

from abc import abstractmethod

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from cmr_ssl.models.encoder import Encoded, Encoder
from cmr_ssl.models.transformer import Attention, initialise, token_parameter


class Pooling(nn.Module):
    """Base of poolings; each is built for the tokens of an encoder, which itself stays outside."""

    def __init__(self, encoder: Encoder) -> None:
        """Note the width of the encoder's tokens."""
        super().__init__()
        self.width = encoder.width

    @abstractmethod
    def forward(self, encoded: Encoded, attend: Tensor) -> Tensor:
        """Pool.

        Args:
            encoded: class token (B, D) and tokens (B, N, D).
            attend: True for tokens that exist, (B, N).

        Returns:
            One vector a study, (B, D).
        """


class ClassTokenPooling(Pooling):
    """Take the class token, which saw everything."""

    def forward(self, encoded: Encoded, attend: Tensor) -> Tensor:
        """Return the class token; see `Pooling.forward`."""
        return encoded.class_token


class MeanPooling(Pooling):
    """Average the tokens that exist."""

    def forward(self, encoded: Encoded, attend: Tensor) -> Tensor:
        """Return the mean; see `Pooling.forward`."""
        weights = attend[..., None].to(encoded.tokens.dtype)
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

    def forward(self, encoded: Encoded, attend: Tensor) -> Tensor:
        """Return the answer to the query; see `Pooling.forward`."""
        memory = torch.cat([encoded.class_token[:, None], encoded.tokens], dim=1)
        queries = self.query.expand(len(memory), -1, -1)
        return self.attention(queries, memory, pad(attend, (1, 0), value=True))[:, 0]
