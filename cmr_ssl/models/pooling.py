"""Pooling: from the tokens of a study to one vector of the whole heart."""

from abc import abstractmethod
from itertools import product

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from cmr_ssl.models.encoder import Encoded, Encoder
from cmr_ssl.models.tokens import Coordinates
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
    def forward(self, encoded: Encoded, attend: Tensor, where: Coordinates) -> Tensor:
        """Pool.

        Args:
            encoded: class token (B, D) and tokens (B, N, D).
            attend: True for tokens that exist, (B, N).
            where: coordinates of the tokens, (B, N).

        Returns:
            One vector a study, (B, width).
        """


class ClassTokenPooling(Pooling):
    """Take the class token, which saw everything."""

    def forward(self, encoded: Encoded, attend: Tensor, where: Coordinates) -> Tensor:
        """Return the class token; see `Pooling.forward`."""
        return encoded.class_token


class MeanPooling(Pooling):
    """Average the tokens that exist."""

    def forward(self, encoded: Encoded, attend: Tensor, where: Coordinates) -> Tensor:
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

    def forward(self, encoded: Encoded, attend: Tensor, where: Coordinates) -> Tensor:
        """Return the answer to the query; see `Pooling.forward`."""
        memory = torch.cat([encoded.class_token[:, None], encoded.tokens], dim=1)
        queries = self.query.expand(len(memory), -1, -1)
        return self.attention(queries, memory, pad(attend, (1, 0), value=True))[:, 0]


class LandmarkPooling(Pooling):
    """Average the tokens around fixed places of the heart, in each part of the beat by itself.

    A mean over all tokens forgets when a chamber was large and which one; here both stay apart, and since places are
    those of the heart frame, any planes will do. A landmark that no token is near says what the nearest ones do. Beside
    the tokens it averages what their patches show by themselves, of which the encoder keeps only what it needed.
    """

    spots: Tensor

    def __init__(
        self,
        encoder: Encoder,
        across_mm: tuple[float, ...] = (-40.0, 0.0, 40.0),
        along_mm: tuple[float, ...] = (-60.0, -20.0, 20.0, 60.0),
        reach_mm: float = 20.0,
        beats: int = 2,
    ) -> None:
        """Place the landmarks on a grid.

        Args:
            encoder: what makes the tokens.
            across_mm: places along each of the two axes across the heart.
            along_mm: places along its long axis.
            reach_mm: standard deviation of the weights around a landmark.
            beats: parts of the beat; at most the time steps that the encoder's patch makes of one.

        Raises:
            ValueError: if there is no landmark, or reach or beats are not above zero.
        """
        super().__init__(encoder)
        spots = list(product(across_mm, across_mm, along_mm))
        if not spots or reach_mm <= 0 or beats < 1:
            raise ValueError(
                f"landmarks need places, a reach and a beat: across_mm {across_mm}, along_mm {along_mm}, "
                f"reach_mm {reach_mm}, beats {beats}"
            )
        self.register_buffer("spots", torch.tensor(spots), persistent=False)
        self.reach_mm, self.beats = reach_mm, beats
        self.width = len(spots) * beats * 2 * encoder.width

    def forward(self, encoded: Encoded, attend: Tensor, where: Coordinates) -> Tensor:
        """Return the means, (B, landmarks * beats * 2 D); see `Pooling.forward`."""
        return self.means(torch.cat([encoded.tokens, encoded.patches], dim=-1), attend, where)

    def means(self, tokens: Tensor, attend: Tensor, where: Coordinates) -> Tensor:
        """Return the means of tokens (B, N, D) that `attend`, (B, N), (B, landmarks * beats * D)."""
        square = (self.spots[:, None] - where.centre[:, None]).square().sum(dim=-1)  # (B, landmarks, N)
        part = torch.arange(self.beats, device=square.device)[:, None]
        counts = attend[:, None] & ((where.phase[:, None] * self.beats).long() == part)  # (B, beats, N)
        logits = (-square / (2 * self.reach_mm**2))[:, :, None].masked_fill(~counts[:, None], -torch.inf)
        weights = logits.flatten(1, 2).softmax(dim=-1).nan_to_num()  # nobody in this part of the beat: zero
        with torch.autocast(square.device.type, enabled=False):  # means in bfloat16 would lose what tells hearts apart
            return (weights @ tokens.float()).flatten(1)
