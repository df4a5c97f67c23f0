"""Specification of a cohort, without heavy imports for the command line."""

from typing import Literal, NamedTuple

from cmr_ssl.phantom.pathology import Pathology
from cmr_ssl.phantom.scanner import DEFAULT, Scanner, changes

PresetName = Literal["full", "short", "small"]
FaultsName = Literal["none", "default"]
PathologyName = Literal["mixed", Pathology]
FIRST_VISIT = 2  # with imaging, as UK Biobank counts
GENERATOR = 2  # increased whenever the bytes of a subject change, so that cohorts are not mixed


class Preset(NamedTuple):
    """Resolution of a cohort: frames of a beat, and pixel size in units of UK Biobank's."""

    frames: int
    scale: int


PRESETS: dict[PresetName, Preset] = {"full": Preset(50, 1), "short": Preset(16, 1), "small": Preset(16, 2)}


class CohortSpec(NamedTuple):
    """One kind of cohort; how many subjects is not part of it."""

    seed: int  # of the cohort
    preset: PresetName  # its resolution
    pathology: PathologyName  # of every subject, or a mixture at the rates of `pathology.DISEASES`
    faults: FaultsName  # which rates of `faults.RATES` apply
    generator: int = GENERATOR  # version of the generator
    scanner: Scanner = DEFAULT  # its scanner
    visit: int = FIRST_VISIT  # at another one the same hearts are prescribed and scanned anew

    def settings(self) -> dict[str, object]:
        """Return the settings for the cohort's folder, without those of the default scanner and the first visit."""
        settings = self._asdict()
        del settings["scanner"]
        if self.visit == FIRST_VISIT:
            del settings["visit"]
        return settings | changes(self.scanner)
