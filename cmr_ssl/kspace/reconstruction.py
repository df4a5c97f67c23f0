"""What makes images of lines, without learning: compressed sensing over the beat, to compare with."""

from abc import ABC, abstractmethod

from torch import Tensor
from torch.fft import fft, ifft

from cmr_ssl.kspace.acquisition import Acquired

FRAMES = 1  # axis of time in images (n, T, H, W)


class Reconstruction(ABC):
    """A way from the lines that were acquired to images."""

    @abstractmethod
    def __call__(self, acquired: Acquired) -> Tensor:
        """Return the magnitudes of the images, (n, T, H, W)."""


class TemporalSparsity(Reconstruction):
    """k-t SPARSE-SENSE (Otazo et al., MRM 2010): few temporal frequencies move, and most pixels do not.

    It minimises 1/2 |A x - y|^2 + lambda |F_t x|_1, all but the mean over the beat penalised, by FISTA (Beck and
    Teboulle, 2009). A has a norm of 1 at most, so that steps of 1 are safe.
    """

    def __init__(self, iterations: int = 30, threshold: float = 0.003) -> None:
        """Set how far.

        Args:
            iterations: of FISTA.
            threshold: lambda over the largest magnitude of the zero-filled image's mean over the beat, F_t orthonormal.

        Raises:
            ValueError: if there is no iteration, or the threshold is not above 0.
        """
        if iterations < 1 or threshold <= 0:
            raise ValueError(f"iterations must be 1 or more and threshold above 0, got {iterations} and {threshold}")
        self.iterations, self.threshold = iterations, threshold

    def __call__(self, acquired: Acquired) -> Tensor:
        """Return the magnitudes of the reconstructed images, (n, T, H, W)."""
        encoding, measured = acquired.encoding, acquired.measured
        start = images = encoding.adjoint(measured)
        weight = self.threshold * self.largest(images)
        previous, point, step = images, images, 1.0
        for _ in range(self.iterations):
            images = shrunk(point + start - encoding.normal(point), weight)
            following = (1 + (1 + 4 * step**2) ** 0.5) / 2
            point = images + (step - 1) / following * (images - previous)
            previous, step = images, following
        return images.abs()

    def largest(self, images: Tensor) -> Tensor:
        """Return the largest magnitude of the mean over the beat of each plane, times the root of T, (n, 1, 1, 1)."""
        mean = images.mean(dim=FRAMES, keepdim=True).abs() * images.shape[FRAMES] ** 0.5
        return mean.amax(dim=(2, 3), keepdim=True)


def shrunk(images: Tensor, weight: Tensor) -> Tensor:
    """Shrink the magnitudes of all temporal frequencies but 0 by `weight`, to 0 at least; images (n, T, H, W)."""
    spectrum = fft(images, dim=FRAMES, norm="ortho")
    size = spectrum.abs()
    kept = (size - weight).clamp(min=0) / size.clamp(min=1e-12)
    kept[:, 0] = 1
    return ifft(spectrum * kept, dim=FRAMES, norm="ortho")


def objective(images: Tensor, acquired: Acquired, weight: Tensor) -> Tensor:
    """Return what `TemporalSparsity` minimises, of each plane, (n,)."""
    misfit = acquired.encoding.forward(images) - acquired.measured
    moving = fft(images, dim=FRAMES, norm="ortho")[:, 1:].abs()
    return misfit.abs().square().flatten(1).sum(dim=1) / 2 + (weight * moving).flatten(1).sum(dim=1)
