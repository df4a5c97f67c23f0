"""One simulated acquisition: images of magnitudes in, lines of k-space out."""

from copy import copy
from typing import NamedTuple, Self

import torch
from torch import Tensor

from cmr_ssl.devices import without_autocast
from cmr_ssl.kspace.chance import entered, normal, uniform
from cmr_ssl.kspace.coils import MOST, TERMS, sensitivities, smooth_phase
from cmr_ssl.kspace.operator import Encoding
from cmr_ssl.kspace.sampling import Sampling


class Acquired(NamedTuple):
    """What a simulated scanner has of n planes.

    Attributes:
        encoding: coils and sampling.
        measured: lines with noise, (n, T, C, H, W) complex64, zero where nothing was acquired.
        true: all lines without noise, (n, T, C, H, W) complex64: for losses and measures only, never to be looked at.
        lines: number of lines that each frame acquired.
    """

    encoding: Encoding
    measured: Tensor
    true: Tensor
    lines: int

    def zero_filled(self) -> Tensor:
        """Return the magnitudes of the zero-filled, coil-combined images, (n, T, H, W)."""
        return self.encoding.adjoint(self.measured).abs()


class Acquisition:
    """How k-space is simulated: y = M (F S (x exp(i phi)) + noise).

    Phase, coils and noise are invented, as cohorts hold magnitudes alone. The noise is complex, white and Gaussian: its
    real and imaginary parts deviate by rms(x) / `snr` each, with the root mean square of the plane over its beat.
    """

    def __init__(
        self, sampling: Sampling, coils: int = 1, snr: float | None = 20.0, phase_radians: float = 1.0
    ) -> None:
        """Put the parts together.

        Args:
            sampling: which lines are acquired.
            coils: that receive, 1 to 8.
            snr: root mean square of a plane over the deviation of the noise in each of the real and imaginary parts of
                a coil-combined, fully sampled image; None for no noise.
            phase_radians: largest magnitude of the smooth phase; 0 for none.

        Raises:
            ValueError: if a number makes no sense.
        """
        if not 1 <= coils <= MOST:
            raise ValueError(f"1 to {MOST} coils can be simulated, got {coils}")
        if snr is not None and not snr > 0:
            raise ValueError(f"snr must be above 0, or null for no noise, got {snr}")
        if phase_radians < 0:
            raise ValueError(f"phase_radians must not be negative, got {phase_radians}")
        self.sampling, self.coils, self.snr, self.phase_radians = sampling, coils, snr, phase_radians

    def at(self, acceleration: float) -> Self:
        """Return the same acquisition at another acceleration."""
        other = copy(self)
        other.sampling = copy(self.sampling)
        other.sampling.accelerate(acceleration)
        return other

    def acquire(self, images: Tensor, affine: Tensor, draws: Tensor) -> Acquired:
        """Simulate.

        Args:
            images: intensities 0 to 1, (n, T, H, W).
            affine: pixel to heart frame mm, (n, 4, 4).
            draws: uniform numbers in [0, 1), (n, DRAWS); noise, sampling and phase depend on nothing else.

        Returns:
            The lines, in float32 whatever the precision around.

        Raises:
            ValueError: if the planes have an odd number of rows or columns, or fewer lines than the sampling asks for.
        """
        _, frames, rows, columns = images.shape
        self.check_size(rows, columns)
        noise, pattern, phase = draws.unbind(-1)
        with without_autocast(images.device):
            turn = smooth_phase(entered(uniform(phase.device), phase, TERMS), self.phase_radians, rows, columns)
            coils = sensitivities(affine.float(), self.coils, rows, columns)
            mask = self.sampling.mask(pattern, frames, rows)
            encoding = Encoding(coils[:, None], mask[:, :, None, :, None])
            true = encoding.full(images.float() * turn[:, None])
            return Acquired(
                encoding, (true + self.noise(images, noise)) * encoding.mask, true, self.sampling.lines(rows)
            )

    def check_size(self, rows: int, columns: int) -> None:
        """Raise ValueError where planes of so many pixels cannot be acquired; see `acquire`."""
        if rows % 2 or columns % 2:
            raise ValueError(f"planes of {rows} x {columns} pixels: simulated k-space needs even numbers of them")
        self.sampling.lines(rows)

    def noise(self, images: Tensor, draws: Tensor) -> Tensor:
        """Return the noise of planes (n, T, H, W), (n, T, C, H, W) complex64, that their draws (n,) say."""
        planes, frames, rows, columns = images.shape
        if self.snr is None:
            return torch.zeros(planes, 1, 1, 1, 1, dtype=torch.complex64, device=images.device)
        deviation = images.float().square().mean(dim=(1, 2, 3)).sqrt() / self.snr
        places = entered(uniform(draws.device), draws, frames * self.coils).view(planes, frames, self.coils)
        numbers = entered(normal(draws.device), places, rows * columns * 2).unflatten(-1, (rows, columns, 2))
        noise = torch.view_as_complex(numbers)
        return noise * deviation[:, None, None, None, None]
