"""What a scanner measures of an image, and the adjoint of that."""

from typing import NamedTuple

from torch import Tensor
from torch.fft import fft, ifft, ifftshift

from cmr_ssl.kspace.fourier import to_image, to_kspace


class Encoding(NamedTuple):
    """The linear map A from images to measured lines: y = M F S x, of coils S, Fourier transform F and sampling M.

    Attributes:
        sensitivities: of the coils, (n, 1, C, H, W) complex; their squares add up to 1 at every pixel.
        mask: True for lines that are acquired, (n, T, 1, H, 1).
    """

    sensitivities: Tensor
    mask: Tensor

    def full(self, images: Tensor) -> Tensor:
        """Return all lines of images (n, T, H, W) complex, as if nothing were left out, (n, T, C, H, W)."""
        return to_kspace(self.sensitivities * images[:, :, None])

    def forward(self, images: Tensor) -> Tensor:
        """Return A x, (n, T, C, H, W), zero where nothing is acquired, of images (n, T, H, W) complex."""
        return self.full(images) * self.mask

    def adjoint(self, kspace: Tensor) -> Tensor:
        """Return A^H y, images (n, T, H, W), of lines (n, T, C, H, W): zero-filled and coil-combined."""
        return self.combined(kspace * self.mask)

    def normal(self, images: Tensor) -> Tensor:
        """Return A^H A x of images (n, T, H, W), in a quarter of the time.

        The sampling knows rows only, so the transform along the readout cancels; and what is left is a circular
        convolution, which does not care where the origin is.
        """
        mask = ifftshift(self.mask, dim=-2)
        measured = ifft(fft(self.sensitivities * images[:, :, None], dim=-2) * mask, dim=-2)
        return (self.sensitivities.conj() * measured).sum(dim=2)

    def combined(self, kspace: Tensor) -> Tensor:
        """Return the coil-combined images (n, T, H, W) of lines (n, T, C, H, W), all of which count."""
        return (self.sensitivities.conj() * to_image(kspace)).sum(dim=2)

    def with_measured(self, predicted: Tensor, measured: Tensor) -> Tensor:
        """Return `predicted` lines with the measured ones put back, exactly, both (n, T, C, H, W)."""
        return measured.where(self.mask, predicted)
