"""What others would use on the same data: plain convolutional networks, built by MONAI."""

import torch
from monai.networks.nets.resnet import ResNet, ResNetBlock
from torch import Tensor, nn

from cmr_ssl.anatomy import CLASSES
from cmr_ssl.models.plane_head import background_first, pick_frames
from cmr_ssl.models.plane_network import PlaneNetwork

GROUPS = 8  # of channels that are normalised together
LAYOUT = torch.channels_last_3d  # a fifth faster on CPUs


class PlanesResNet(nn.Module):
    """A 3D ResNet-18 over time, rows and columns that has the planes as channels; missing planes are zero images.

    It has group instead of batch normalisation: batches are small, and training takes planes away.
    """

    def __init__(self, planes: int, width: int = 32) -> None:
        """Build the network.

        Args:
            planes: of a sample; the network cannot work with another number.
            width: features of the first stage; they double at each of the three others.
        """
        super().__init__()
        self.width = 8 * width
        widths = [width * 2**stage for stage in range(4)]
        self.net = ResNet(
            ResNetBlock,
            [2, 2, 2, 2],
            widths,
            n_input_channels=planes,
            conv1_t_size=(3, 5, 5),  # type: ignore[arg-type]  # MONAI takes one a dimension
            conv1_t_stride=(1, 2, 2),  # type: ignore[arg-type]
            no_max_pool=True,
            feed_forward=False,
        )
        group_norms(self.net)
        self.net.to(memory_format=LAYOUT)  # type: ignore[call-overload]

    def forward(self, images: Tensor, present: Tensor) -> Tensor:
        """Return one vector a study, (B, width), from images (B, P, T, H, W) and which planes exist, (B, P)."""
        shown = images * present[..., None, None, None]
        return self.net(shown.contiguous(memory_format=LAYOUT))


def group_norms(network: nn.Module) -> None:
    """Put group in the place of batch normalisation, which MONAI's ResNet takes, but not its blocks."""
    for part in [*network.modules()]:
        for name, norm in part.named_children():
            if isinstance(norm, nn.BatchNorm3d):
                setattr(part, name, nn.GroupNorm(GROUPS, norm.num_features))


class PlaneUNet(nn.Module):
    """MONAI's 2D U-Net, which sees one frame of one plane at a time: `PlaneHead` without tokens."""

    def __init__(self, channels: int = 16) -> None:
        """Build the network; `channels` at full resolution become eight times as many over four halvings."""
        super().__init__()
        self.net = PlaneNetwork(channels, len(CLASSES))
        background_first(self.net.final_conv)

    def forward(self, images: Tensor, frames: Tensor) -> Tensor:
        """Return logits (B, P, classes, F, H, W) of the chosen frames (B, F) of images (B, P, T, H, W)."""
        shown = pick_frames(images, frames)
        logits: Tensor = self.net(shown.flatten(0, 2))
        return logits.unflatten(0, shown.shape[:3]).movedim(3, 2)
