"""The image branch: a small U-Net over frames of planes, shared by all planes and frames.

It sees a frame and, beside it, what stays and what moves over the whole beat: where nothing moves there is no heart,
which few labels hardly teach.
"""

from itertools import pairwise

import torch
from monai.networks.blocks import UnetrBasicBlock, UnetrUpBlock
from torch import Tensor, nn

INPUTS = 3  # a frame, the mean over the beat, the spread over the beat
SPREAD = 4.0  # in standard deviations, which are small beside intensities
AT_ONCE = 32  # images at a time where nothing is learnt: memory stays small, and what is at hand is reused


def over_the_beat(cines: Tensor) -> Tensor:
    """Return the mean and `SPREAD` standard deviations over the beat, (..., T, H, W) to (..., 2, H, W)."""
    variance, mean = torch.var_mean(cines.float(), dim=-3, correction=0)
    return torch.stack([mean, SPREAD * (variance + 1e-8).sqrt()], dim=-3)


class PlaneNetwork(nn.Module):
    """A U-Net made of MONAI's UNETR blocks (Hatamizadeh et al., WACV 2022), one image at a time.

    What somebody knows beside the image, such as the tokens of the whole heart, joins at the coarsest level.
    """

    def __init__(self, channels: int, halvings: int) -> None:
        """Build the network.

        Args:
            channels: features at full resolution; they double at each halving.
            halvings: of the resolution, from the image to the coarsest level.
        """
        super().__init__()
        widths = [channels * 2**level for level in range(halvings + 1)]
        steps = list(pairwise(widths))
        self.channels, self.coarsest = channels, widths[-1]
        self.stem = UnetrBasicBlock(2, INPUTS, channels, 3, 1, "instance", res_block=True)
        self.down = nn.ModuleList(UnetrBasicBlock(2, a, b, 3, 2, "instance", res_block=True) for a, b in steps)
        self.up = nn.ModuleList(UnetrUpBlock(2, b, a, 3, 2, "instance", res_block=True) for a, b in reversed(steps))

    def forward(self, images: Tensor, added: Tensor | None = None) -> Tensor:
        """Return features at full resolution.

        Args:
            images: a frame and what `over_the_beat` says of its cine, 0 to 1, (N, 3, H, W).
            added: features of the coarsest level to be added there, (N, coarsest, H / 2^halvings, W / 2^halvings).

        Returns:
            Features, (N, channels, H, W).
        """
        features = self.stem(2 * images - 1)
        skips = []
        for down in self.down:
            skips.append(features)
            features = down(features)
        if added is not None:
            features = features + added
        for up, skip in zip(self.up, reversed(skips), strict=True):
            features = up(features, skip)
        return features
