"""The published design, to be measured beside ours: every token at full width in float32.

Written from the description of Zhang et al., MICCAI 2024, arXiv 2406.00329: width 1025 (one axis flag and four times
256 sines and cosines), five heads, pre-norm blocks, and a decoder that attends over all tokens.
"""

from collections.abc import Iterator

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn.functional import mse_loss, scaled_dot_product_attention

from cmr_ssl.models.tokens import Patch, patchify, take


class Block(nn.Module):
    """A plain pre-norm transformer block."""

    def __init__(self, width: int, heads: int) -> None:
        """Build the block; `heads` must divide `width`."""
        super().__init__()
        self.heads = heads
        self.attention_norm, self.mlp_norm = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, tokens: Tensor) -> Tensor:
        """Map tokens (B, N, D) to tokens of the same shape."""
        query, key, value = rearrange(
            self.qkv(self.attention_norm(tokens)), "b n (three h d) -> three b h n d", three=3, h=self.heads
        )
        mixed = rearrange(scaled_dot_product_attention(query, key, value), "b h n d -> b n (h d)")
        tokens = tokens + self.out(mixed)
        return tokens + self.mlp(self.mlp_norm(tokens))


def blocks(width: int, heads: int, depth: int) -> nn.Sequential:
    """Return `depth` blocks and the norm after them."""
    return nn.Sequential(*(Block(width, heads) for _ in range(depth)), nn.LayerNorm(width))


class PublishedModel(nn.Module):
    """Masked autoencoder over the patches of all planes; mean squared error on all of them."""

    def __init__(
        self, tokens: int, patch: Patch = (25, 8, 8), width: int = 1025, heads: int = 5, depth: int = 6
    ) -> None:
        """Build the model for a fixed number of `tokens`; the decoder has two blocks of the encoder's width."""
        super().__init__()
        self.patch = patch
        frames, rows, columns = patch
        self.embed = nn.Linear(frames * rows * columns, width)  # what a convolution with stride = patch computes
        self.class_token, self.mask_token = (nn.Parameter(torch.randn(1, 1, width) * 0.02) for _ in range(2))
        self.register_buffer("positions", torch.randn(1, tokens, width) * 0.02)
        self.encoder = blocks(width, heads, depth)
        self.narrow = nn.Linear(width, width)
        self.decoder = blocks(width, heads, 2)
        self.pixels = nn.Linear(width, frames * rows * columns)

    def forward(self, images: Tensor, mask_ratio: float = 0.7) -> tuple[Tensor, Tensor]:
        """Reconstruct images (B, P, T, H, W); return the predicted and the true patches, both (B, N, pixels)."""
        patches = patchify(images, self.patch)
        tokens = self.embed(patches) + self.positions
        order = torch.rand(tokens.shape[:2], device=tokens.device).argsort(dim=1)
        seen = take(tokens, order[:, : round(tokens.shape[1] * (1 - mask_ratio))])
        encoded = self.narrow(self.encoder(torch.cat([self.class_token.expand(len(seen), -1, -1), seen], dim=1)))
        hidden = self.mask_token.expand(len(seen), order.shape[1] - seen.shape[1], -1)
        restored = take(torch.cat([encoded[:, 1:], hidden], dim=1), order.argsort(dim=1)) + self.positions
        decoded = self.decoder(torch.cat([encoded[:, :1], restored], dim=1))
        return self.pixels(decoded[:, 1:]).sigmoid(), patches


def train(model: PublishedModel, images: Tensor) -> Iterator[float]:
    """Train on `images`, uint8 (B, P, T, H, W), again and again; yield the PSNR in dB of every step."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    while True:
        predicted, patches = model(images.float() / 255)
        loss = mse_loss(predicted, patches)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield host_psnr(predicted, patches)


def host_psnr(predicted: Tensor, patches: Tensor) -> float:
    """Return the PSNR as published: everything is copied to the host in every step."""
    difference = predicted.detach().cpu().numpy() - patches.cpu().numpy()
    return float(-10 * torch.log10(torch.tensor((difference**2).mean())))
