"""Segment plane by plane: tokens of the whole heart, refined by the plane's own image."""

from itertools import pairwise

from einops import rearrange
from monai.networks.blocks import UnetrBasicBlock, UnetrUpBlock
from torch import Tensor, nn
from torch.nn.functional import interpolate

from cmr_ssl.anatomy import CLASSES
from cmr_ssl.models.encoder import Encoder
from cmr_ssl.models.tokens import Coordinates, Grid, grid_of


class PlaneHead(nn.Module):
    """Segment plane by plane: the tokens say which heart this is, the image says where exactly its borders run.

    Each token is expanded into features of the frames it covers; a small U-Net with shared weights, made of MONAI's
    UNETR blocks (Hatamizadeh et al., WACV 2022), brings them to the resolution of the image frame by frame. Beside that
    each token votes for the classes it covers, and the U-Net's logits correct these votes: an atrium looks like a
    ventricle, and only tokens that know where they are tell them apart from the first steps on. What they say of their
    place after many blocks is not what a linear vote needs, so they are told again. Works for any number of planes and
    any choice of frames.
    """

    def __init__(self, encoder: Encoder, channels: int = 16) -> None:
        """Build the head for the tokens of `encoder`, which itself stays outside.

        Args:
            encoder: what makes the tokens.
            channels: features at full resolution; they double at each halving.

        Raises:
            ValueError: if rows and columns of a patch are not the same power of two, at least 2.
        """
        super().__init__()
        self.patch = encoder.patch
        self.frames, rows, columns = encoder.patch
        self.levels = rows.bit_length() - 1
        if rows != columns or rows != 2**self.levels or rows < 2:
            raise ValueError(
                f"segmentation needs square patches of 2, 4, 8, ... pixels, but the encoder's are {rows} x {columns}"
            )
        widths = [channels * 2**level for level in range(self.levels + 1)]
        self.position = encoder.positions.embedding(encoder.width)
        self.expand = nn.Linear(encoder.width, self.frames * widths[-1])
        self.vote = nn.Linear(encoder.width, self.frames * len(CLASSES))
        self.stem = UnetrBasicBlock(2, 1, channels, 3, 1, "instance", res_block=True)
        steps = list(pairwise(widths))
        self.down = nn.ModuleList(UnetrBasicBlock(2, a, b, 3, 2, "instance", res_block=True) for a, b in steps)
        self.up = nn.ModuleList(UnetrUpBlock(2, b, a, 3, 2, "instance", res_block=True) for a, b in reversed(steps))
        self.classes = nn.Conv2d(channels, len(CLASSES), 1)

    def forward(self, images: Tensor, tokens: Tensor, where: Coordinates, frames: Tensor) -> Tensor:
        """Return logits of the chosen frames.

        Args:
            images: intensities 0 to 1, (B, P, T, H, W).
            tokens: of all patches, (B, N, D).
            where: their coordinates.
            frames: which frames to segment, (B, F).

        Returns:
            Logits, (B, P, classes, F, H, W).
        """
        batch, planes = images.shape[:2]
        tokens, grid = tokens + self.position(where), grid_of(images, self.patch)
        said, votes = (self.framewise(part(tokens), grid, frames) for part in (self.expand, self.vote))
        features = self.stem(2 * pick_frames(images, frames).flatten(0, 2)[:, None] - 1)
        skips = []
        for down in self.down:
            skips.append(features)
            features = down(features)
        features = features + said
        for up, skip in zip(self.up, reversed(skips), strict=True):
            features = up(features, skip)
        logits = self.classes(features) + interpolate(votes, features.shape[-2:], mode="bilinear")
        return rearrange(logits, "(b p f) c h w -> b p c f h w", b=batch, p=planes)

    def framewise(self, expanded: Tensor, grid: Grid, frames: Tensor) -> Tensor:
        """Return what expanded tokens (B, N, frames * C) say of the chosen frames, (B * P * F, C, rows, columns)."""
        said = rearrange(
            expanded,
            "b (p t h w) (f c) -> b p (t f) c h w",
            **{"p": grid.planes, "t": grid.frames, "h": grid.rows, "f": self.frames},
        )
        return pick_frames(said, frames).flatten(0, 2)


def pick_frames(cines: Tensor, frames: Tensor) -> Tensor:
    """Return the `frames` (B, F) of each subject's cines (B, P, T, ...): (B, P, F, ...)."""
    index = frames.reshape(len(frames), 1, -1, *[1] * (cines.ndim - 3))
    return cines.gather(2, index.expand(-1, cines.shape[1], -1, *cines.shape[3:]))
