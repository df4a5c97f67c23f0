"""Too little time for all spokes: images from undersampled radial k-space, which is simulated from the magnitudes."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cmr_ssl.corruption.base import Corruption, Hits
from cmr_ssl.kspace.chance import entered, uniform
from cmr_ssl.kspace.coils import TERMS, smooth_phase
from cmr_ssl.kspace.radial import Complex, Spokes
from cmr_ssl.sample import Sample


class RadialUndersampling(Corruption):
    """Show a plane as a scanner would that acquired few spokes of each frame, gridded without any prior: streaks.

    Spokes are a golden angle apart, from frame to frame, too. One coil; computed on the host, by finufft.
    """

    def __init__(
        self, rate: float = 0.05, acceleration: float = 4.0, snr: float | None = 20.0, phase_radians: float = 1.0
    ) -> None:
        """Set how often and how much.

        Args:
            rate: probability that a plane is undersampled; 1 for all of them.
            acceleration: R: each frame has round(rows / R) spokes, which take as long as so many lines.
            snr: as in `kspace.Acquisition`, of each sample; None for no noise.
            phase_radians: largest magnitude of the smooth phase.

        Raises:
            ValueError: if a number makes no sense.
        """
        super().__init__(rate)
        if acceleration < 1 or (snr is not None and snr <= 0) or phase_radians < 0:
            raise ValueError(
                f"acceleration {acceleration} must be 1 or more, snr {snr} above 0 or null, and phase_radians "
                f"{phase_radians} 0 or more"
            )
        self.acceleration, self.snr, self.phase_radians = acceleration, snr, phase_radians

    def flawed(self, batch: Sample, hits: Hits) -> Tensor:
        """Return the images of the planes, (n, T, H, W); spokes and noise differ by plane and epoch.

        Raises:
            ValueError: if no spoke is left, or finufft is missing.
        """
        images, draws = hits.of(batch.images), hits.draws.cpu()
        noise, turn, phase = draws.unbind(-1)
        rows, columns = images.shape[-2:]
        waves = smooth_phase(entered(uniform(draws.device), phase, TERMS), self.phase_radians, rows, columns)
        planes = (images.cpu() * waves[:, None]).numpy().astype(np.complex128)
        count = round(rows / self.acceleration)
        if count < 1:
            raise ValueError(f"an acceleration of {self.acceleration:g} leaves no spoke of {rows}: give {rows} at most")
        shown = [self.plane(*one, count) for one in zip(planes, turn.tolist(), noise.tolist(), strict=True)]
        return torch.from_numpy(np.stack(shown)).clamp(0, 1).to(images.device)

    def plane(self, frames: Complex, turn: float, noise: float, count: int) -> NDArray[np.float32]:
        """Return the magnitudes of the gridded frames (T, H, W) of one plane, of so many spokes each."""
        rng = np.random.default_rng(int(noise * 2**24))  # as many numbers as a draw tells apart
        deviation = np.sqrt(np.mean(np.abs(frames) ** 2)) / self.snr if self.snr else 0.0
        shown = []
        for number, frame in enumerate(frames):
            spokes = Spokes.golden(number * count, count, turn, frame.shape)
            samples = spokes.forward(frame[None])
            samples = samples + deviation * (rng.standard_normal((*samples.shape, 2)) @ np.array([1, 1j]))
            shown.append(np.abs(spokes.gridded(samples)[0]))
        return np.stack(shown).astype(np.float32)
