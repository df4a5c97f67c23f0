"""Too little time to acquire every line: images from undersampled k-space, which is simulated from the magnitudes."""

from torch import Tensor

from cmr_ssl.corruption.base import Corruption, Hits
from cmr_ssl.kspace import Acquisition, Reconstruction, VariableDensity
from cmr_ssl.sample import Sample


class KSpaceUndersampling(Corruption):
    """Show a plane as a scanner would that acquired some lines only: I' = |S^H F^H M y|, zero-filled and coil-combined.

    What `Acquisition` simulates of the plane is put back together without any prior, or by a reconstruction; 0 to 1 are
    kept. Every model for images can so be asked about undersampled k-space.
    """

    def __init__(
        self,
        rate: float = 0.05,
        acquisition: Acquisition | None = None,
        reconstruction: Reconstruction | None = None,
    ) -> None:
        """Set how often, and how planes are acquired and put together.

        Args:
            rate: probability that a plane is undersampled; 1 for all of them.
            acquisition: coils, noise and the lines that are acquired; None for the published pattern at R = 4, with
                one coil.
            reconstruction: what makes images of the lines; None for zero-filled images.

        Raises:
            ValueError: if the rate makes no sense.
        """
        super().__init__(rate)
        self.reconstruction = reconstruction
        self.acquisition = acquisition or Acquisition(VariableDensity(4.0))

    def flawed(self, batch: Sample, hits: Hits) -> Tensor:
        """Return the images of the planes, (n, T, H, W); lines differ from frame to frame and by epoch."""
        acquired = self.acquisition.acquire(hits.of(batch.images), hits.of(batch.affine), hits.draws)
        images = self.reconstruction(acquired) if self.reconstruction else acquired.zero_filled()
        return images.clamp(0, 1)
