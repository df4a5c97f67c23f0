"""Transformer blocks that stay finite in bfloat16 with thousands of small patches.

Queries and keys are normalised per head, so that attention logits are bounded however long the training (Dehghani et
al., ICML 2023, arXiv 2302.05442), and the residual stream stays in float32 whatever precision the products have: users
of masked autoencoders with 8 x 8 patches report losses that turn NaN without.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention


class Attention(nn.Module):
    """Multi-head attention from queries to a memory, with normalised queries and keys."""

    def __init__(self, width: int, heads: int) -> None:
        """Build the projections.

        Raises:
            ValueError: if `heads` does not divide `width`.
        """
        super().__init__()
        if width % heads:
            raise ValueError(f"{heads} heads do not divide a width of {width}: choose a width that is a multiple")
        self.heads = (heads, width // heads)
        self.query = nn.Linear(width, width, bias=False)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width, bias=False)
        self.query_norm = nn.LayerNorm(width // heads, bias=False)
        self.key_norm = nn.LayerNorm(width // heads, bias=False)
        self.out = nn.Linear(width, width)

    def forward(self, queries: Tensor, memory: Tensor, attend: Tensor | None = None) -> Tensor:
        """Let `queries` (B, Q, D) attend to `memory` (B, M, D).

        Args:
            queries: what asks.
            memory: what is asked.
            attend: True for the memory tokens that exist, (B, M); None where all do, which keeps the fastest kernels.

        Returns:
            The answer, (B, Q, D).
        """
        query = self.query_norm(self.query(queries).unflatten(-1, self.heads))  # (B, Q, heads, D / heads)
        key = self.key_norm(self.key(memory).unflatten(-1, self.heads))
        value = self.value(memory).unflatten(-1, self.heads)
        query, key, value = (part.to(value.dtype).transpose(1, 2) for part in (query, key, value))
        mask = None if attend is None else attend[:, None, None, :]
        answer = scaled_dot_product_attention(query, key, value, mask)
        return self.out(answer.transpose(1, 2).flatten(2))


def feed_forward(width: int, ratio: float) -> nn.Sequential:
    """Return the two-layer network of a block."""
    hidden = int(width * ratio)
    return nn.Sequential(nn.Linear(width, hidden), nn.GELU(approximate="tanh"), nn.Linear(hidden, width))


class SelfBlock(nn.Module):
    """Pre-norm block: tokens attend to each other."""

    def __init__(self, width: int, heads: int, mlp_ratio: float) -> None:
        """Build the block."""
        super().__init__()
        self.attention_norm, self.attention = nn.LayerNorm(width), Attention(width, heads)
        self.mlp_norm, self.mlp = nn.LayerNorm(width), feed_forward(width, mlp_ratio)

    def forward(self, tokens: Tensor, attend: Tensor | None = None) -> Tensor:
        """Map tokens (B, N, D) to tokens of the same shape."""
        normed = self.attention_norm(tokens)
        tokens = tokens + self.attention(normed, normed, attend)
        return tokens + self.mlp(self.mlp_norm(tokens))


class CrossBlock(nn.Module):
    """Pre-norm block: queries attend to a memory, never to each other, so each can be asked for alone."""

    def __init__(self, width: int, heads: int, mlp_ratio: float) -> None:
        """Build the block."""
        super().__init__()
        self.attention_norm, self.attention = nn.LayerNorm(width), Attention(width, heads)
        self.mlp_norm, self.mlp = nn.LayerNorm(width), feed_forward(width, mlp_ratio)

    def forward(self, queries: Tensor, memory: Tensor) -> Tensor:
        """Map queries (B, Q, D) and memory (B, M, D) to (B, Q, D)."""
        queries = queries + self.attention(self.attention_norm(queries), memory)
        return queries + self.mlp(self.mlp_norm(queries))


def initialise(module: nn.Module) -> None:
    """Draw weights as transformers of images usually do: truncated normal of 0.02, biases zero."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def token_parameter(width: int) -> nn.Parameter:
    """Return a learnable token (1, 1, width)."""
    return nn.Parameter(nn.init.trunc_normal_(torch.empty(1, 1, width), std=0.02))
