"""Spokes through the middle of k-space instead of lines: a non-uniform Fourier transform, by finufft."""

import math
from types import ModuleType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Complex = NDArray[np.complex128]
GOLDEN = math.pi * (math.sqrt(5) - 1) / 2  # from spoke to spoke: any number of them in a row is spread evenly
EXACT = 1e-9  # relative error of the transforms
OVERSAMPLING = 2  # of the readout, as at scanners: what lies beside the image folds in from farther away


class Spokes(NamedTuple):
    """The linear map A from an image to samples along spokes: y(k) = sum over x of I(x) exp(-i k x) / sqrt(H W).

    Attributes:
        places: radians a pixel along rows and columns, (2, M).
        size: rows and columns of the image.
        weights: the area of k-space that each sample stands for, over that of a sample of the full grid, (M,).
    """

    places: NDArray[np.float64]
    size: tuple[int, int]
    weights: NDArray[np.float64]

    @classmethod
    def golden(cls, first: int, count: int, turn: float, size: tuple[int, int]) -> "Spokes":
        """Lay spokes a golden angle apart.

        Args:
            first: number of the first one, so that frames go on where the last one ended.
            count: how many.
            turn: of all of them, a share of a full turn.
            size: rows and columns of the image; a spoke has twice as many samples as the longer side.
        """
        samples = OVERSAMPLING * max(size)
        angle = 2 * math.pi * turn + GOLDEN * (first + np.arange(count))
        radius = 2 * math.pi * (np.arange(samples) / samples - 0.5)
        places = np.stack([np.outer(np.sin(angle), radius), np.outer(np.cos(angle), radius)]).reshape(2, -1)
        ring = math.pi * (2 * math.pi / samples) * np.abs(radius)  # of all spokes together, half a ring each side
        ring[samples // 2] = math.pi * (math.pi / samples) ** 2
        area = np.outer(shares(angle), ring).ravel() * size[0] * size[1] / (2 * math.pi) ** 2
        return cls(places, size, area)

    def forward(self, images: Complex) -> Complex:
        """Return A x of images (n, H, W), (n, M)."""
        samples: Complex = finufft().nufft2d2(*self.places, images, isign=-1, eps=EXACT)
        return samples / math.sqrt(math.prod(self.size))

    def adjoint(self, samples: Complex) -> Complex:
        """Return A^H y of samples (n, M), (n, H, W)."""
        images: Complex = finufft().nufft2d1(*self.places, samples, self.size, isign=1, eps=EXACT)
        return images / math.sqrt(math.prod(self.size))

    def gridded(self, samples: Complex) -> Complex:
        """Return the images that samples (n, M) are of, each weighted by the area it stands for, (n, H, W)."""
        return self.adjoint(samples * self.weights)


def shares(angle: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the share of all directions that each of S spokes stands for: half of the gaps to its neighbours, (S,)."""
    order = np.argsort(angle % math.pi)
    gaps = np.diff(np.append(turned := (angle % math.pi)[order], turned[0] + math.pi))
    found = np.empty(len(angle))
    found[order] = (gaps + np.roll(gaps, 1)) / (2 * math.pi)
    return found


def finufft() -> ModuleType:
    """Return finufft, or raise ValueError where it is not installed."""
    try:
        import finufft as library
    except ImportError as error:
        raise ValueError(
            "radial k-space needs the package finufft: pip install 'cmr-ssl[radial]', or pip install finufft"
        ) from error
    module: ModuleType = library
    return module
