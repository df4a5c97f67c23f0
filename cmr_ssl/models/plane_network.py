"""The image branch: a small U-Net over single frames of planes, shared by all planes and frames."""

from itertools import pairwise

from monai.networks.blocks import UnetrBasicBlock, UnetrUpBlock
from torch import Tensor, nn

AT_ONCE = 32  # images at a time where nothing is learnt: memory stays small, and what is at hand is reused


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
        self.stem = UnetrBasicBlock(2, 1, channels, 3, 1, "instance", res_block=True)
        self.down = nn.ModuleList(UnetrBasicBlock(2, a, b, 3, 2, "instance", res_block=True) for a, b in steps)
        self.up = nn.ModuleList(UnetrUpBlock(2, b, a, 3, 2, "instance", res_block=True) for a, b in reversed(steps))

    def forward(self, images: Tensor, known: Tensor | None = None) -> Tensor:
        """Return features at full resolution.

        Args:
            images: intensities 0 to 1, (N, H, W).
            known: features of the coarsest level to be added there, (N, coarsest, H / 2^halvings, W / 2^halvings).

        Returns:
            Features, (N, channels, H, W).
        """
        features = self.stem(2 * images[:, None] - 1)
        skips = []
        for down in self.down:
            skips.append(features)
            features = down(features)
        if known is not None:
            features = features + known
        for up, skip in zip(self.up, reversed(skips), strict=True):
            features = up(features, skip)
        return features
