"""Images from k-space that a scanner measured: coils estimated from the lines, then compressed sensing."""

import torch
from torch import Tensor

from cmr_ssl.kspace.acquisition import Acquired
from cmr_ssl.kspace.fourier import to_image
from cmr_ssl.kspace.operator import Encoding
from cmr_ssl.kspace.raw import RawCine
from cmr_ssl.kspace.reconstruction import TemporalSparsity

CALIBRATION = 12.0  # lines: standard deviation of the window whose images tell the coils apart


def reconstruct(raw: RawCine, reconstruction: TemporalSparsity, device: torch.device) -> Tensor:
    """Return the magnitudes of the images of all slices, (S, T, H, W), on the host, a slice at a time."""
    images = []
    for lines, there in zip(raw.kspace, raw.mask, strict=True):
        kspace = torch.from_numpy(lines)[None].to(device)
        mask = torch.from_numpy(there)[None, :, None, :, None].to(device)
        encoding = Encoding(coils_of(kspace, mask), mask)
        measured = Acquired(encoding, kspace, kspace, int(there.sum(axis=1).max()))
        images.append(reconstruction(measured).cpu())
    return torch.cat(images)


def coils_of(kspace: Tensor, mask: Tensor) -> Tensor:
    """Return how coils see each pixel, (n, 1, C, H, W), from the middle of k-space, mean over the frames.

    The squares of their magnitudes add up to 1, so what is combined has the brightness of the root of the sum of
    squares; phase that is common to all coils is theirs.

    Args:
        kspace: (n, T, C, H, W), zero where nothing was acquired.
        mask: of lines, (n, T, 1, H, 1).
    """
    mean = kspace.sum(dim=1, keepdim=True) / mask.sum(dim=1, keepdim=True).clamp(min=1)
    rows, columns = (torch.arange(size, device=kspace.device) - size // 2 for size in kspace.shape[-2:])
    window = torch.exp(-(rows[:, None] ** 2 + columns**2) / (2 * CALIBRATION**2))
    smooth = to_image(mean * window)
    size = smooth.abs().square().sum(dim=2, keepdim=True).sqrt()
    return smooth / size.clamp(min=1e-6 * float(size.max()))
