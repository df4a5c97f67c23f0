"""How far apart two tokens lie in the heart and in the beat, as a part of the attention between them.

A heart is learnt faster when tokens need not find out first which others cut the same tissue. The penalty on distance
follows ALiBi (Press et al., ICLR 2022, arXiv 2108.12409), here squared and in millimetres. It is a product of features
of the query and features of the key, so that no matrix of biases is ever built and the fused kernels of attention stay
in use.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from cmr_ssl.models.tokens import Coordinates


def places(where: Coordinates) -> Tensor:
    """Return what `Nearness` needs of coordinates, (B, N, 6): mm along x, y, z, cosine and sine of the beat, and 1."""
    beat = 2 * math.pi * where.phase[..., None]
    return torch.cat([where.centre, beat.cos(), beat.sin(), torch.ones_like(beat)], dim=-1)


def behind_nowhere(places: Tensor) -> Tensor:
    """Put a token that is nowhere, the class token, before others: (B, N, 6) to (B, 1 + N, 6)."""
    return pad(places, (0, 0, 1, 0))


class Nearness(nn.Module):
    """Adds -|a - b|^2 / (2 mm^2) + beat cos(phase of a - phase of b) to attention logits; zero for the class token.

    Each head learns its own reach in mm, from a patch to half a heart at first, and how much the beat counts.
    """

    FEATURES = 8  # of a query or key that this takes

    def __init__(self, heads: int, shortest_mm: float = 12.0, longest_mm: float = 120.0) -> None:
        """Spread the reaches of the heads.

        Args:
            heads: attention heads.
            shortest_mm: reach of the first head.
            longest_mm: reach of the last head.
        """
        super().__init__()
        self.log_mm = nn.Parameter(torch.linspace(math.log(shortest_mm), math.log(longest_mm), heads))
        self.beat = nn.Parameter(torch.full((heads,), 0.5))

    def forward(self, queries: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Return features whose products are the logits, in bfloat16's range of exactness.

        Args:
            queries: `places` of what asks, (B, Q, 6).
            memory: `places` of what is asked, (B, M, 6).

        Returns:
            Features of queries (B, heads, Q, 8) and of keys (B, heads, M, 8).
        """
        (query, query_square), (key, key_square) = self.scaled(queries), self.scaled(memory)
        beat = self.beat[:, None, None] * queries[:, None, :, 3:5]
        is_query, is_key, key_beat = (
            part[:, None].expand(-1, len(self.beat), -1, -1)
            for part in (queries[..., 5:], memory[..., 5:], memory[..., 3:5])
        )
        coarse = rounded(key_square)  # a square needs more digits than bfloat16 has
        return (
            torch.cat([query, beat, -query_square, -is_query, -is_query], dim=-1),
            torch.cat([key, key_beat, is_key, coarse, key_square - coarse], dim=-1),
        )

    def scaled(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """Return positions in units of each head's reach, (B, heads, N, 3), and half their squares (B, heads, N, 1)."""
        scaled = rounded(places[:, None, :, :3] / self.log_mm.exp()[:, None, None])
        return scaled, scaled.square().sum(dim=-1, keepdim=True) / 2


def rounded(values: Tensor) -> Tensor:
    """Keep the digits that bfloat16 has, so that products are the same in every precision."""
    return values.bfloat16().to(values.dtype)
