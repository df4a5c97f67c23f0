"""The ways from k-space to images: what a model of images is shown."""

from collections.abc import Callable
from functools import partial

from cmr_ssl.corruption import KSpaceUndersampling
from cmr_ssl.kspace import TemporalSparsity
from cmr_ssl.robustness.undersampling import FULL, RECONSTRUCTED, ZERO_FILLED, spoil
from cmr_ssl.sample import Sample
from experiments.kspace.settings import Settings

Change = Callable[[Sample], Sample]
SEED = 0


def changes(settings: Settings) -> dict[tuple[str, float], Change]:
    """Return what makes images of each way and acceleration from a batch of full ones."""
    found: dict[tuple[str, float], Change] = {(FULL, 1.0): lambda batch: batch}
    for acceleration in settings.accelerations:
        for name, reconstruction in ((ZERO_FILLED, None), (RECONSTRUCTED, TemporalSparsity())):
            flaw = KSpaceUndersampling(1.0, settings.acquisition(acceleration), reconstruction)
            found[name, acceleration] = partial(spoil, flaw=flaw, seed=SEED)
    return found
