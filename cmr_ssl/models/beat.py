"""The beat from one frame: pretraining of the image branch, to which hidden tokens never reach.

The image branch knows what stays and what moves. Whoever tells besides, from a single frame, when each pixel brightens
and when it darkens has found the blood pools, the wall and where each of them goes. No label is needed, and every layer
of the image branch learns, its skips included.
"""

import math

import torch
from torch import Tensor, nn

from cmr_ssl.devices import without_autocast
from cmr_ssl.models.encoder import Encoder
from cmr_ssl.models.plane_network import PlaneNetwork


class BeatFromFrame(nn.Module):
    """Predicts the first harmonics of each pixel over the beat, seen from the phase of the frame shown."""

    def __init__(self, encoder: Encoder, channels: int = 16, harmonics: int = 2, planes: int = 3) -> None:
        """Build the network.

        Args:
            encoder: whose patch says how often the plane head halves the resolution.
            channels: features at full resolution, as those of the head of segmentation that is to start from these.
            harmonics: of the beat that are predicted.
            planes: of each study that a step of training looks at, one frame each.

        Raises:
            ValueError: if one of the numbers is below 1.
        """
        super().__init__()
        if min(channels, harmonics, planes) < 1:
            raise ValueError(f"channels {channels}, harmonics {harmonics} and planes {planes} must be at least 1")
        self.harmonics, self.planes = harmonics, planes
        self.network = PlaneNetwork(channels, 2 * harmonics)
        nn.init.zeros_(
            self.network.final_conv.weight
        )  # drawn maps err far more than none: their gradients drown others

    def forward(self, cines: Tensor, frames: Tensor) -> Tensor:
        """Predict the maps of cines (N, T, H, W) as seen from one frame (N,) each; (N, 2 harmonics, H, W)."""
        return self.network(cines[torch.arange(len(cines), device=cines.device), frames])

    def truth(self, cines: Tensor, frames: Tensor) -> Tensor:
        """Return the maps (N, 2 harmonics, H, W) of cines (N, T, H, W).

        With the phase p = 2 pi (t - frame) / T: 2 mean_t I(t) cos(k p) and 2 mean_t I(t) sin(k p) for k = 1, 2, ...
        """
        count = cines.shape[1]
        time = torch.arange(count, device=cines.device)
        phase = (2 * math.pi / count) * (time - frames[:, None])
        waves = [wave(k * phase) for k in range(1, self.harmonics + 1) for wave in (torch.cos, torch.sin)]
        return torch.einsum("nkt,nthw->nkhw", torch.stack(waves, dim=1), cines) * (2 / count)

    def errors(self, cines: Tensor, frames: Tensor, weights: Tensor) -> Tensor:
        """Return the mean squared error of each cine, a sum over its maps, (N,).

        Args:
            cines: intensities 0 to 1, (N, T, H, W).
            frames: which one is shown, (N,).
            weights: how much each pixel counts, (N, H, W).
        """
        with without_autocast(cines.device):
            true = self.truth(cines.float(), frames)
        squared = (self(cines, frames).float() - true).square().sum(dim=1) * weights
        return squared.sum(dim=(-2, -1)) / weights.sum(dim=(-2, -1)).clamp(min=1e-6)


def drawn(present: Tensor, noise: Tensor, count: int) -> Tensor:
    """Choose `count` planes of each study, (B, count), present ones first; `noise` is uniform, (B, P)."""
    return (noise + present).topk(min(count, present.shape[1]), dim=1).indices
