"""Segment plane by plane: tokens of the whole heart, refined by the plane's own image."""

import torch
from einops import rearrange
from torch import Tensor, nn
from torch.nn.functional import interpolate

from cmr_ssl.anatomy import BACKGROUND, CLASSES
from cmr_ssl.models.encoder import Encoded, Encoder
from cmr_ssl.models.plane_network import AT_ONCE, HALVINGS, PlaneNetwork
from cmr_ssl.models.tokens import Grid, Patch
from cmr_ssl.models.transformer import zero_head

MOSTLY = 3.0  # logit of four fifths of the pixels against five structures that share the rest


class PlaneHead(nn.Module):
    """Segment plane by plane: the tokens say which heart this is, the image says where exactly its borders run.

    A plain U-Net, `PlaneNetwork`, looks at each frame of each plane. Each token is expanded into features of the frames
    it covers, slow curves over them, which join the U-Net where its resolution is that of the tokens. Beside that each
    token votes for the classes it covers: an atrium looks like a ventricle, and only tokens that know where they are
    tell them apart. What they say of their place after many blocks is not what a linear vote needs, so they get their
    positions again. Both begin at zero: what the tokens add to the plain U-Net has to be learnt. Works for any number
    of planes and any choice of frames.
    """

    curves: Tensor

    def __init__(self, encoder: Encoder, channels: int = 16, curves: int = 3) -> None:
        """Build the head for the tokens of `encoder`, which itself stays outside.

        Args:
            encoder: what makes the tokens.
            channels: features of the U-Net at full resolution; eight times as many after four halvings.
            curves: slow curves over the frames of a patch that a token can draw; at most its frames, which is all.

        Raises:
            ValueError: if rows and columns of a patch are not the same of 2, 4, 8 and 16.
        """
        super().__init__()
        self.register_buffer("curves", slow_curves(curves, encoder.patch[0]), persistent=False)
        self.network = PlaneNetwork(channels, len(CLASSES), halvings(encoder.patch))
        background_first(self.network.final_conv)
        self.position = encoder.positions.embedding(encoder.width)
        drawn = len(self.curves)
        self.expand = zero_head(encoder.width, drawn * self.network.joint_width)
        self.vote = zero_head(encoder.width, drawn * len(CLASSES))

    def forward(self, images: Tensor, encoded: Encoded, frames: Tensor) -> Tensor:
        """Return logits of the chosen frames.

        Args:
            images: intensities 0 to 1, (B, P, T, H, W).
            encoded: what the encoder said of all their tokens, (B, N, D).
            frames: which frames to segment, (B, F).

        Returns:
            Logits, (B, P, classes, F, H, W).
        """
        tokens, grid = encoded.tokens + self.position(encoded.where), encoded.grid  # (B, N, D)
        features, votes = (self.framewise(part(tokens), grid) for part in (self.expand, self.vote))  # B P T C h w
        if torch.is_grad_enabled():
            return self.refine(images, features, votes, frames)
        few = max(1, AT_ONCE // (len(images) * grid.planes))
        return torch.cat([self.refine(images, features, votes, part) for part in frames.split(few, dim=1)], dim=3)

    def framewise(self, expanded: Tensor, grid: Grid) -> Tensor:
        """Return what expanded tokens (B, N, curves * C) say of each frame, (B, P, T, C, rows, columns)."""
        sizes = {"p": grid.planes, "t": grid.frames, "h": grid.rows, "k": len(self.curves)}
        drawn = rearrange(expanded, "b (p t h w) (k c) -> b p t c h w k", **sizes)
        return rearrange(drawn @ self.curves.to(drawn.dtype), "b p t c h w f -> b p (t f) c h w")

    def refine(self, images: Tensor, features: Tensor, votes: Tensor, frames: Tensor) -> Tensor:
        """Return logits of `frames` from images and the tokens' features of all frames.

        Args:
            images: (B, P, T, H, W).
            features: of all frames, see `framewise`.
            votes: the same, a channel a class.
            frames: which ones, (B, F).
        """
        shown, joining, voted = (pick_frames(part, frames) for part in (images, features, votes))  # (B, P, F, ...)
        logits = self.network(shown.flatten(0, 2), joining.flatten(0, 2))  # (B P F, classes, H, W)
        logits = logits + interpolate(voted.flatten(0, 2), logits.shape[-2:], mode="bilinear")
        return logits.unflatten(0, shown.shape[:3]).movedim(3, 2)


def slow_curves(count: int, frames: int) -> Tensor:
    """Return cosines cos(pi k (f + 1/2) / frames) / sqrt(count), k = 0, 1, ..., over the frames f, (count, frames).

    Labels exist at few frames, end-diastole and end-systole mostly. A token that had weights for each frame would say
    of the others what it was drawn with.

    Args:
        count: of curves, 1 or more; no more come than there are frames.
        frames: of a patch.

    Raises:
        ValueError: if there is to be none.
    """
    if count < 1:
        raise ValueError(f"model.head.curves must be at least 1, got {count}")
    count = min(count, frames)
    frame, order = torch.arange(frames) + 0.5, torch.arange(count)
    return torch.cos(torch.pi / frames * order[:, None] * frame) / count**0.5


def halvings(patch: Patch) -> int:
    """Return how often the resolution is halved until a patch is one pixel.

    Raises:
        ValueError: if rows and columns of a patch are not the same of 2, 4, 8 and 16.
    """
    _, rows, columns = patch
    count = rows.bit_length() - 1
    if rows != columns or rows != 2**count or not 1 <= count <= HALVINGS:
        raise ValueError(
            f"segmentation needs square patches of 2, 4, 8 or 16 pixels, but the encoder's are {rows} x {columns}"
        )
    return count


def background_first(layer: nn.Conv2d) -> nn.Conv2d:
    """Let a new last layer call most pixels background until it is taught otherwise, and return it.

    What nobody ever drew counts as background in the loss, which cannot tell the two apart: without this, structures
    that no training subject has would be found everywhere.
    """
    assert layer.bias is not None  # for the type checker
    nn.init.normal_(layer.weight, std=0.1)  # or what it says by chance outweighs the bias
    with torch.no_grad():
        layer.bias[BACKGROUND] = MOSTLY
    return layer


def pick_frames(cines: Tensor, frames: Tensor) -> Tensor:
    """Return the `frames` (B, F) of each subject's cines (B, P, T, ...): (B, P, F, ...)."""
    index = frames.reshape(len(frames), 1, -1, *[1] * (cines.ndim - 3))
    return cines.gather(2, index.expand(-1, cines.shape[1], -1, *cines.shape[3:]))
