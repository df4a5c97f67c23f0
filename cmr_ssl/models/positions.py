"""How a token knows where it is: by anatomy (default) or by its index in the grid (published baseline).

A `Positions` is a description; `embedding(width)` builds the module that encoder and decoder each own, and
`nearness(heads)` what their blocks know about distances.
"""

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from cmr_ssl.models.nearness import Nearness
from cmr_ssl.models.tokens import Coordinates


class Positions(ABC):
    """A way to encode coordinates."""

    @abstractmethod
    def embedding(self, width: int) -> nn.Module:
        """Return a module that maps `Coordinates` of (B, N) tokens to (B, N, width)."""

    @abstractmethod
    def nearness(self, heads: int) -> Nearness | None:
        """Return what place adds to the attention of a block with so many heads; None for nothing."""


class AnatomicalPositions(Positions):
    """Encode where in the heart (mm), when in the beat (a circle) and in which direction a patch lies.

    Short- and long-axis tokens that cut the same tissue become neighbours whatever their view, slice number or matrix,
    and any plane that has an affine has positions, also one that nobody acquired.
    """

    def __init__(
        self, shortest_mm: float = 16.0, longest_mm: float = 512.0, wavelengths: int = 12, harmonics: int = 4
    ) -> None:
        """Describe the encoding.

        Args:
            shortest_mm: shortest wavelength of place; about two patches or slice gaps.
            longest_mm: longest wavelength of place; more than the field of view, so that no two places coincide.
            wavelengths: number of wavelengths per axis, geometrically spaced.
            harmonics: number of harmonics of the beat.

        Raises:
            ValueError: if wavelengths or harmonics are fewer than one, or the longest is not above the shortest.
        """
        if wavelengths < 1 or harmonics < 1:
            raise ValueError(f"wavelengths {wavelengths} and harmonics {harmonics} must be at least 1")
        if not 0 < shortest_mm < longest_mm:
            raise ValueError(f"need 0 < shortest_mm < longest_mm, got {shortest_mm} and {longest_mm}")
        self.shortest_mm, self.longest_mm = shortest_mm, longest_mm
        self.wavelengths, self.harmonics = wavelengths, harmonics

    def embedding(self, width: int) -> nn.Module:
        """Return Fourier features followed by a learned linear map to `width`."""
        features = FourierFeatures(self.shortest_mm, self.longest_mm, self.wavelengths, self.harmonics)
        return nn.Sequential(features, nn.Linear(features.width, width))

    def nearness(self, heads: int) -> Nearness:
        """Let near tokens attend to each other more than distant ones."""
        return Nearness(heads)


class FourierFeatures(nn.Module):
    """Sines and cosines of place and phase, and the patch's edge vectors; no parameters."""

    EDGE_MM = 32.0  # brings the edge vectors of usual patches to the size of the other features

    wave_numbers: Tensor
    turns: Tensor

    def __init__(self, shortest_mm: float, longest_mm: float, wavelengths: int, harmonics: int) -> None:
        """Prepare the wave numbers; see `AnatomicalPositions` for the arguments."""
        super().__init__()
        lengths = torch.logspace(math.log10(shortest_mm), math.log10(longest_mm), wavelengths)
        self.register_buffer("wave_numbers", 2 * math.pi / lengths, persistent=False)
        self.register_buffer("turns", 2 * math.pi * torch.arange(1, harmonics + 1), persistent=False)
        self.width = 6 * wavelengths + 2 * harmonics + 6

    def forward(self, coordinates: Coordinates) -> Tensor:
        """Return features (B, N, width)."""
        place = (coordinates.centre[..., None] * self.wave_numbers).flatten(-2)
        beat = coordinates.phase[..., None] * self.turns
        waves = torch.cat([place, beat], dim=-1)
        return torch.cat([waves.sin(), waves.cos(), coordinates.edges / self.EDGE_MM], dim=-1)


class GridPositions(Positions):
    """Encode the index of a token in its grid, as published (Zhang et al., MICCAI 2024); the baseline to compare with.

    A width of 1 + 8 m holds the axis flag (0 long, 1 short) and m sines and m cosines for each of slice, frame, row
    and column, with the wave numbers 10000^(-i / m). A width that is not 1 + 8 m ends in zeros.
    """

    def embedding(self, width: int) -> nn.Module:
        """Return the fixed encoding."""
        return GridEncoding(width)

    def nearness(self, heads: int) -> None:
        """Add nothing to attention, as published."""


class GridEncoding(nn.Module):
    """The published sine-cosine encoding of the grid index; no parameters."""

    wave_numbers: Tensor

    def __init__(self, width: int) -> None:
        """Prepare the wave numbers.

        Raises:
            ValueError: if `width` has no room for one sine and cosine per axis.
        """
        super().__init__()
        waves = (width - 1) // 8
        if waves < 1:
            raise ValueError(f"grid positions need a width of at least 9, got {width}")
        self.register_buffer("wave_numbers", 10000.0 ** (-torch.arange(waves) / waves), persistent=False)
        self.padding = width - 1 - 8 * waves

    def forward(self, coordinates: Coordinates) -> Tensor:
        """Return the encoding (B, N, width)."""
        angle = coordinates.cell[..., None] * self.wave_numbers  # (B, N, 4, m)
        waves = torch.cat([angle.sin(), angle.cos()], dim=-1).flatten(-2)
        encoding = torch.cat([coordinates.short_axis[..., None].to(waves.dtype), waves], dim=-1)
        return nn.functional.pad(encoding, (0, self.padding))
