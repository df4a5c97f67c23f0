"""How a line knows where it is: which plane, when in the beat, and at which k_y."""

import math

import torch
from torch import Tensor, nn

from cmr_ssl.models.nearness import Nearness
from cmr_ssl.models.positions import FourierFeatures, Positions
from cmr_ssl.models.tokens import Coordinates

SHORTEST, LONGEST = 2.0, 512.0  # wavelengths of k_y, in lines


class LinePositions(Positions):
    """Encode the middle of a line's plane (mm) and its field of view, the phase of the beat, and k_y."""

    def __init__(
        self,
        shortest_mm: float = 16.0,
        longest_mm: float = 512.0,
        wavelengths: int = 12,
        harmonics: int = 4,
        line_wavelengths: int = 12,
    ) -> None:
        """Describe the encoding.

        Args:
            shortest_mm: shortest wavelength of place.
            longest_mm: longest wavelength of place.
            wavelengths: of place per axis, geometrically spaced.
            harmonics: of the beat.
            line_wavelengths: of k_y, from 2 to 512 lines, geometrically spaced.

        Raises:
            ValueError: if a number is below one, or the longest wavelength not above the shortest.
        """
        if min(wavelengths, harmonics, line_wavelengths) < 1 or not 0 < shortest_mm < longest_mm:
            raise ValueError(
                f"wavelengths {wavelengths}, harmonics {harmonics} and line_wavelengths {line_wavelengths} must be at "
                f"least 1 and shortest_mm {shortest_mm} above 0 and below longest_mm {longest_mm}"
            )
        self.shortest_mm, self.longest_mm = shortest_mm, longest_mm
        self.wavelengths, self.harmonics, self.line_wavelengths = wavelengths, harmonics, line_wavelengths

    def embedding(self, width: int) -> nn.Module:
        """Return features of place, beat and k_y, followed by a learned linear map to `width`."""
        place = FourierFeatures(self.shortest_mm, self.longest_mm, self.wavelengths, self.harmonics)
        features = LineFeatures(place, self.line_wavelengths)
        return nn.Sequential(features, nn.Linear(features.width, width))

    def nearness(self, heads: int) -> Nearness:
        """Let lines of near k_y, in near planes and at near times, attend to each other more."""
        return Nearness(heads)


class LineFeatures(nn.Module):
    """Features of the plane and the beat, sines and cosines of k_y, and the logarithm of its size; no parameters."""

    wave_numbers: Tensor

    def __init__(self, place: FourierFeatures, wavelengths: int) -> None:
        """Prepare the wave numbers of k_y."""
        super().__init__()
        self.place = place
        lengths = torch.logspace(math.log10(SHORTEST), math.log10(LONGEST), wavelengths)
        self.register_buffer("wave_numbers", 2 * math.pi / lengths, persistent=False)
        self.width = place.width + 2 * wavelengths + 1

    def forward(self, where: Coordinates) -> Tensor:
        """Return features (B, N, width) of coordinates as `line_coordinates` makes them."""
        line, rows = where.cell[..., 2:3].float(), where.cell[..., 3:4].float()
        middle = where.centre - where.edges[..., 3:] * line / rows
        waves = line * self.wave_numbers
        size = torch.log1p(line.abs()) / math.log(LONGEST)
        return torch.cat([self.place(where._replace(centre=middle)), waves.sin(), waves.cos(), size], dim=-1)
