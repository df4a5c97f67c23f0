"""The ways from k-space to images: what a model of images is shown."""

from collections.abc import Callable
from functools import partial

from cmr_ssl.corruption import KSpaceUndersampling
from cmr_ssl.kspace import Reconstruction, TemporalSparsity, ViewSharing
from cmr_ssl.robustness.undersampling import FULL, RECONSTRUCTED, ZERO_FILLED, spoil
from cmr_ssl.sample import Sample
from experiments.kspace.settings import Settings

Change = Callable[[Sample], Sample]
SEED = 0
SHARED = "images of shared lines"
RECONSTRUCTIONS: dict[str, Reconstruction | None] = {
    ZERO_FILLED: None,
    SHARED: ViewSharing(),
    RECONSTRUCTED: TemporalSparsity(),
}


def changes(settings: Settings) -> dict[tuple[str, float], Change]:
    """Return what makes images of each way and acceleration from a batch of full ones."""
    found: dict[tuple[str, float], Change] = {(FULL, 1.0): lambda batch: batch}
    for acceleration in settings.accelerations:
        for name, reconstruction in RECONSTRUCTIONS.items():
            flaw = KSpaceUndersampling(1.0, settings.acquisition(acceleration), reconstruction)
            found[name, acceleration] = partial(spoil, flaw=flaw, seed=SEED)
    return found
