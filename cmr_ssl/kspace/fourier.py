"""The centred, orthonormal Fourier transform: the origin is pixel (H / 2, W / 2) on both sides, and energy is kept."""

from collections.abc import Sequence

from torch import Tensor
from torch.fft import fftn, fftshift, ifftn, ifftshift

PLANE = (-2, -1)  # k_y along rows, which are the lines; k_x along columns, which is the readout


def to_kspace(images: Tensor, axes: Sequence[int] = PLANE) -> Tensor:
    """Transform along `axes`: F(k) = sum over x of I(x) exp(-2 pi i k x / n) / sqrt(n), x and k from -n / 2 on."""
    return fftshift(fftn(ifftshift(images, axes), dim=axes, norm="ortho"), axes)


def to_image(kspace: Tensor, axes: Sequence[int] = PLANE) -> Tensor:
    """Transform back along `axes`; the inverse of `to_kspace` and, as that is unitary, its adjoint."""
    return fftshift(ifftn(ifftshift(kspace, axes), dim=axes, norm="ortho"), axes)
