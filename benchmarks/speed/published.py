"""The published design, to be measured beside ours: every token at full width, in float32, one subject a step.

Written from the description of Zhang et al., MICCAI 2024, arXiv 2406.00329. Attention writes its N x N weights out, as
the pinned release of the published code's transformer library did.
"""

from collections.abc import Iterator
from itertools import islice

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from benchmarks.speed.random_studies import PATCH, grid, random_subjects
from cmr_ssl.models import Encoded, Encoder, Pooling
from cmr_ssl.models.tokens import patchify, take
from experiments.machine import device, now


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
        weights = (query @ key.transpose(-1, -2) * query.shape[-1] ** -0.5).softmax(dim=-1)
        tokens = tokens + self.out(rearrange(weights @ value, "b h n d -> b n (h d)"))
        return tokens + self.mlp(self.mlp_norm(tokens))


class PublishedModel(nn.Module):
    """Masked autoencoder over the patches of all planes that predicts every patch, hidden or not."""

    def __init__(self, planes: int, width: int = 1025, heads: int = 5, depth: int = 6, decoder_depth: int = 2) -> None:
        """Build the model for studies of `planes` planes."""
        super().__init__()
        tokens, pixels = grid(planes).tokens, PATCH[0] * PATCH[1] * PATCH[2]
        self.embed = nn.Linear(pixels, width)  # what a convolution with stride = patch computes
        self.class_token, self.mask_token = (nn.Parameter(0.02 * torch.randn(1, 1, width)) for _ in range(2))
        self.positions = nn.Buffer(0.02 * torch.randn(1, tokens, width))  # their values cost nothing
        self.encoder = nn.Sequential(*(Block(width, heads) for _ in range(depth)), nn.LayerNorm(width))
        self.between = nn.Linear(width, width)
        self.decoder = nn.Sequential(*(Block(width, heads) for _ in range(decoder_depth)), nn.LayerNorm(width))
        self.pixels = nn.Linear(width, pixels)

    def forward(self, patches: Tensor, mask_ratio: float = 0.7) -> Tensor:
        """Return the predicted intensities of all patches, (B, N, pixels) as those given."""
        tokens = self.embed(patches) + self.positions
        order = torch.rand(tokens.shape[:2], device=tokens.device).argsort(dim=1)
        seen = take(tokens, order[:, : round(tokens.shape[1] * (1 - mask_ratio))])
        encoded = self.between(self.encoder(torch.cat([self.class_token.expand(len(seen), -1, -1), seen], dim=1)))
        hidden = self.mask_token.expand(len(seen), tokens.shape[1] - seen.shape[1], -1)
        restored = take(torch.cat([encoded[:, 1:], hidden], dim=1), order.argsort(dim=1)) + self.positions
        decoded = self.decoder(torch.cat([encoded[:, :1], restored], dim=1))
        return self.pixels(decoded[:, 1:]).sigmoid()


class FlattenedTokens(Pooling):
    """The published head: all tokens of a study side by side, through one linear layer, so planes must never change."""

    def __init__(self, encoder: Encoder, tokens: int, width: int = 128) -> None:
        """Build the layer; 2,304 tokens of the paper's encoder make 302 million weights of it."""
        super().__init__(encoder)
        self.linear, self.width = nn.Linear(tokens * encoder.width, width), width

    def forward(self, encoded: Encoded) -> Tensor:
        """Return (B, width) from all tokens; see `Pooling.forward`."""
        return self.linear(encoded.tokens.flatten(1))


def train(model: PublishedModel, images: Tensor) -> Iterator[float]:
    """Train `model` on the same images (B, P, T, H, W) for ever; yield the PSNR of each step, in dB."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-4)
    while True:
        patches = patchify(images.float() / 255, PATCH)
        predicted = model(patches)
        loss = mse_loss(predicted, patches)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        yield host_psnr(predicted, patches)


def host_psnr(predicted: Tensor, patches: Tensor) -> float:
    """Return the PSNR as the published code computes it: everything goes to the host in every step."""
    difference = torch.from_numpy(predicted.detach().cpu().numpy() - patches.cpu().numpy())
    return float(-10 * difference.square().mean().log10())


def step_ends(planes: int, batch: int, steps: int) -> list[float]:
    """Train for some steps at full scale and return when each ended, in seconds."""
    on = device()
    images = random_subjects(planes, batch).images.to(on)
    return [now(on) for _ in islice(train(PublishedModel(planes).to(on), images), steps)]
