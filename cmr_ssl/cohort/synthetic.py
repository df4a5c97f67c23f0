"""Mark caches and checkpoints of synthetic hearts, so that a model trained on them alone says so.

The generator's settings lie beside every synthetic cohort. `import-ukb` and `import-dicom` copy them, `prepare` notes
them in the cache's settings, and checkpoints keep the note.
"""

import shutil
from pathlib import Path

from cmr_ssl.preparation.cache import read_settings

PHANTOM = "phantom.json"  # the generator's settings, in the folder of a cohort
SYNTHETIC = "synthetic"  # the key in the settings of a cache


def holds_phantoms(source: Path) -> bool:
    """Tell whether a folder of subjects is a synthetic cohort."""
    return (source / PHANTOM).is_file()


def copy_marker(source: Path, out: Path) -> None:
    """Mark what is made of a synthetic cohort as synthetic."""
    if holds_phantoms(source):
        shutil.copyfile(source / PHANTOM, out / PHANTOM)


def synthetic_note(source: Path) -> dict[str, object]:
    """Return the note in the settings of a cache that its source is synthetic; of real hearts nothing."""
    return {SYNTHETIC: True} if holds_phantoms(source) else {}


def is_synthetic(cache: Path) -> bool:
    """Tell whether all hearts of a cache are synthetic, as far as `prepare` could know."""
    return bool(read_settings(cache).get(SYNTHETIC, False))
