"""Transformer blocks that stay finite in bfloat16 with thousands of small patches.

Queries and keys are normalised per head, so that attention logits are bounded however long the training (Dehghani et
al., ICML 2023, arXiv 2302.05442), and the residual stream stays in float32 whatever precision the products have: users
of masked autoencoders with 8 x 8 patches report losses that turn NaN without.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, scaled_dot_product_attention

from cmr_ssl.devices import without_autocast
from cmr_ssl.models.nearness import Nearness

Places = tuple[Tensor, Tensor]


class Attention(nn.Module):
    """Multi-head attention from queries to a memory, with normalised queries and keys, and nearness where wanted."""

    def __init__(self, width: int, heads: int, nearness: Nearness | None = None) -> None:
        """Build the projections.

        Args:
            width: features of a token.
            heads: attention heads; must divide `width`.
            nearness: what place adds to content; it takes the last features of each query and key.

        Raises:
            ValueError: if `heads` does not divide `width`, or nearness leaves no room for content.
        """
        super().__init__()
        if width % heads:
            raise ValueError(f"{heads} heads do not divide a width of {width}: choose a width that is a multiple")
        content = width // heads - (Nearness.FEATURES if nearness else 0)
        if content < 1:
            raise ValueError(
                f"{heads} heads of {width // heads} features leave no room beside the {Nearness.FEATURES} of nearness: "
                "choose fewer heads or a larger width"
            )
        self.heads, self.nearness = heads, nearness
        self.query = nn.Linear(width, heads * content, bias=False)
        self.key = nn.Linear(width, heads * content, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.query_norm = nn.LayerNorm(content, bias=False)
        self.key_norm = nn.LayerNorm(content, bias=False)
        self.out = nn.Linear(width, width)

    def forward(
        self, queries: Tensor, memory: Tensor, attend: Tensor | None = None, where: Places | None = None
    ) -> Tensor:
        """Let `queries` (B, Q, D) attend to `memory` (B, M, D).

        Args:
            queries: what asks.
            memory: what is asked.
            attend: True for the memory tokens that exist, (B, M); None where all do, which keeps the fastest kernels.
            where: places of queries (B, Q, 6) and memory (B, M, 6), see `nearness`; needed where nearness counts.

        Returns:
            The answer, (B, Q, D).

        Raises:
            ValueError: if nearness counts and nobody says where the tokens are.
        """
        query = normalised(self.query(queries).unflatten(-1, (self.heads, -1)), self.query_norm)
        key = normalised(self.key(memory).unflatten(-1, (self.heads, -1)), self.key_norm)
        value = self.value(memory).unflatten(-1, (self.heads, -1))
        query, key, value = (part.transpose(1, 2) for part in (query, key, value))
        scale = query.shape[-1] ** -0.5
        if self.nearness is not None:
            if where is None:
                raise ValueError("attention with nearness must be told where its tokens are")
            of_queries, of_keys = self.nearness(*where)
            query = torch.cat([query * scale, of_queries.to(query.dtype)], dim=-1)
            key, scale = torch.cat([key, of_keys.to(key.dtype)], dim=-1), 1.0
        mask = None if attend is None else attend[:, None, None, :]
        answer = scaled_dot_product_attention(query, key, value, mask, scale=scale)
        return self.out(answer.transpose(1, 2).flatten(2))


def normalised(values: Tensor, norm: nn.LayerNorm) -> Tensor:
    """Normalise in the type that the values have; kernels sum in float32 anyhow, which autocast would also write."""
    with without_autocast(values.device):
        return layer_norm(values, norm.normalized_shape, norm.weight.to(values.dtype), eps=norm.eps)


def feed_forward(width: int, ratio: float) -> nn.Sequential:
    """Return the two-layer network of a block."""
    hidden = int(width * ratio)
    return nn.Sequential(nn.Linear(width, hidden), nn.GELU(approximate="tanh"), nn.Linear(hidden, width))


class SelfBlock(nn.Module):
    """Pre-norm block: tokens attend to each other."""

    def __init__(self, width: int, heads: int, mlp_ratio: float, nearness: Nearness | None = None) -> None:
        """Build the block."""
        super().__init__()
        self.attention_norm, self.attention = nn.LayerNorm(width), Attention(width, heads, nearness)
        self.mlp_norm, self.mlp = nn.LayerNorm(width), feed_forward(width, mlp_ratio)

    def forward(self, tokens: Tensor, attend: Tensor | None = None, where: Tensor | None = None) -> Tensor:
        """Map tokens (B, N, D), at places (B, N, 6), to tokens of the same shape."""
        normed = self.attention_norm(tokens)
        tokens = tokens + self.attention(normed, normed, attend, None if where is None else (where, where))
        return tokens + self.mlp(self.mlp_norm(tokens))


class CrossBlock(nn.Module):
    """Pre-norm block: queries attend to a memory, never to each other, so each can be asked for alone."""

    def __init__(self, width: int, heads: int, mlp_ratio: float, nearness: Nearness | None = None) -> None:
        """Build the block."""
        super().__init__()
        self.attention_norm, self.attention = nn.LayerNorm(width), Attention(width, heads, nearness)
        self.mlp_norm, self.mlp = nn.LayerNorm(width), feed_forward(width, mlp_ratio)

    def forward(
        self, queries: Tensor, memory: Tensor, attend: Tensor | None = None, where: Places | None = None
    ) -> Tensor:
        """Map queries (B, Q, D) and memory (B, M, D), at their places, to (B, Q, D); `attend` as in `Attention`."""
        queries = queries + self.attention(self.attention_norm(queries), memory, attend, where)
        return queries + self.mlp(self.mlp_norm(queries))


def initialise(module: nn.Module) -> None:
    """Draw weights as transformers of images usually do: truncated normal of 0.02, biases zero."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def zero_head(features: int, outputs: int) -> nn.Linear:
    """Return a last layer for standardised features that first says zero: what is usual, by every target's measure.

    A drawn one would begin far off: with weights of 0.02, the outputs of F features deviate by 0.02 sqrt(F), which is
    3.3 for 27,648, and a small rate never mends that.
    """
    head = nn.Linear(features, outputs)
    nn.init.zeros_(head.weight)
    nn.init.zeros_(head.bias)
    return head


def token_parameter(width: int) -> nn.Parameter:
    """Return a learnable token (1, 1, width)."""
    return nn.Parameter(nn.init.trunc_normal_(torch.empty(1, 1, width), std=0.02))
