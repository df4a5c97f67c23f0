"""The image branch: a U-Net over single frames of planes, shared by all planes and frames."""

import torch
from monai.networks.nets import BasicUNet
from monai.networks.nets.basic_unet import UpCat
from torch import Tensor, nn
from torch.nn.functional import group_norm

AT_ONCE = 32  # images at a time where nothing is learnt: memory stays small, and what is at hand is reused
HALVINGS = 4
SMALLEST = 2 ** (HALVINGS + 1)  # rows and columns: the coarsest features are normalised over more than one place


class PlaneNetwork(BasicUNet):
    """MONAI's 2D U-Net (Falk et al., Nature Methods 2019), one frame of one plane at a time.

    What somebody knows beside the image, such as the tokens of the whole heart, joins at one level. Without it this is
    the plain U-Net that others would use.
    """

    def __init__(self, channels: int, outputs: int, joint: int = HALVINGS) -> None:
        """Build the network.

        Args:
            channels: features at full resolution; eight times as many after four halvings.
            outputs: maps that come out.
            joint: after how many halvings, 1 to 4, something may be added.
        """
        widths = (channels, channels, 2 * channels, 4 * channels, 8 * channels)
        super().__init__(2, 1, outputs, (*widths, channels))
        keep_channels_last(self)
        self.channels, self.joint, self.joint_width = channels, joint, widths[joint]

    def forward(self, images: Tensor, added: Tensor | None = None) -> Tensor:
        """Return maps at full resolution.

        Args:
            images: intensities 0 to 1, (N, H, W), of at least 32 rows and columns.
            added: to the features after `joint` halvings, (N, joint_width, H / 2^joint, W / 2^joint).

        Returns:
            Maps, (N, outputs, H, W).

        Raises:
            ValueError: if the images are too small.
        """
        if min(images.shape[-2:]) < SMALLEST:
            size = " x ".join(str(count) for count in images.shape[-2:])
            raise ValueError(f"segmentation needs planes of at least {SMALLEST} x {SMALLEST} pixels, not {size}")
        levels = [self.first(2 * images[:, None] - 1)]
        for down in (self.down_1, self.down_2, self.down_3, self.down_4):
            levels.append(down(levels[-1]))
            if added is not None and len(levels) - 1 == self.joint:
                levels[-1] = levels[-1] + added
        features = levels.pop()
        for up in (self.upcat_4, self.upcat_3, self.upcat_2, self.upcat_1):
            features = joined(up, features, levels.pop())
        maps: Tensor = self.final_conv(features)
        return maps.contiguous()

    def first(self, images: Tensor) -> Tensor:
        """Return the features of the first level, (N, channels, H, W).

        On a CPU on which nothing is learnt, channels lie last from here on: convolutions then take a third of the time
        and poolings a tenth. With gradients all would take twice as long.
        """
        first, second = self.conv_0.children()
        features = first(images)
        if channels_lie_last(features):
            features = features.contiguous(memory_format=torch.channels_last)
        both: Tensor = second(features)
        return both


def channels_lie_last(features: Tensor) -> bool:
    """Tell whether a network computes with channels last; not on a GPU, where it has not been measured."""
    return not torch.is_grad_enabled() and features.device.type == "cpu"


class ChannelNorm(nn.InstanceNorm2d):
    """Instance normalisation that leaves channels last where they are to lie last, which torch's does not.

    Large images go through a group norm of one channel each, which is the same; on small ones that is slow.
    """

    LARGE = 1024  # pixels

    def forward(self, features: Tensor) -> Tensor:
        """Normalise each channel of each image, (N, C, H, W)."""
        if not channels_lie_last(features):
            return super().forward(features)
        if features.shape[-2:].numel() >= self.LARGE:
            return group_norm(features, self.num_features, self.weight, self.bias, self.eps)
        return super().forward(features).contiguous(memory_format=torch.channels_last)


def keep_channels_last(network: nn.Module) -> None:
    """Replace the norms of a network; weights keep their names."""
    for parent in list(network.modules()):
        for name, child in list(parent.named_children()):
            if type(child) is nn.InstanceNorm2d:
                setattr(parent, name, ChannelNorm(child.num_features, child.eps, affine=child.affine))


def joined(up: UpCat, coarse: Tensor, fine: Tensor) -> Tensor:
    """Return what `up` makes of two levels, without its padding where none is needed: a tenth of the time."""
    doubled = up.upsample(coarse)
    if doubled.shape[-2:] != fine.shape[-2:]:
        return up(coarse, fine)
    return up.convs(torch.cat([fine, doubled], dim=1))
