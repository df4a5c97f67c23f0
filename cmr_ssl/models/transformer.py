"""Transformer blocks that stay finite in bfloat16 with thousands of small patches.

Queries and keys are normalised per head, so that attention logits are bounded however long the training; this is the
cure for the NaN losses that users of masked autoencoders with 8 x 8 patches report (Henry et al., EMNLP 2020,
arXiv 2010.04245; Dehghani et al., ICML 2023, arXiv 2302.05442).
"""

import torch
from einops import rearrange
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
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.query_norm = nn.RMSNorm(width // heads, eps=1e-6)
        self.key_norm = nn.RMSNorm(width // heads, eps=1e-6)
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
        split = "b n (h d) -> b h n d"
        query = rearrange(self.query(queries), split, h=self.heads)
        key, value = (rearrange(part, split, h=self.heads) for part in self.key_value(memory).chunk(2, dim=-1))
        query, key = self.query_norm(query).to(value.dtype), self.key_norm(key).to(value.dtype)
        mask = None if attend is None else attend[:, None, None, :]
        return self.out(rearrange(scaled_dot_product_attention(query, key, value, mask), "b h n d -> b n (h d)"))


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
