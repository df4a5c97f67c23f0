"""Whether hearts are synthetic: a model that has only seen such must say so, wherever its checkpoint goes.

The generator's settings lie beside every synthetic cohort. `import-ukb` and `import-dicom` take them along, `prepare`
notes them in the cache's settings, and checkpoints carry the note on.
"""

import shutil
from pathlib import Path

from cmr_ssl.preparation.cache import read_settings

PHANTOM = "phantom.json"  # the generator's settings, in the folder of a cohort
SYNTHETIC = "synthetic"  # the key in the settings of a cache


def holds_phantoms(source: Path) -> bool:
    """Tell whether a folder of subjects is a synthetic cohort."""
    return (source / PHANTOM).is_file()


def take_along(source: Path, out: Path) -> None:
    """Let what is made of a synthetic cohort be known as such."""
    if holds_phantoms(source):
        shutil.copyfile(source / PHANTOM, out / PHANTOM)


def note(source: Path) -> dict[str, object]:
    """Return what the settings of a cache say about the hearts of its source; of real ones nothing."""
    return {SYNTHETIC: True} if holds_phantoms(source) else {}


def of_phantoms(cache: Path) -> bool:
    """Tell whether all hearts of a cache are synthetic, as far as `prepare` could know."""
    return bool(read_settings(cache).get(SYNTHETIC, False))
