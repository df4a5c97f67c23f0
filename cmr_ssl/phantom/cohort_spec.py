"""What kind of cohort is wanted, in words light enough for a command line."""

from typing import Literal, NamedTuple

from cmr_ssl.phantom.pathology import Pathology
from cmr_ssl.phantom.scanner import DEFAULT, Scanner, changes

PresetName = Literal["full", "short", "small"]
FaultsName = Literal["none", "default"]
PathologyName = Literal["mixed", Pathology]


GENERATOR = 2  # grows whenever the bytes of a subject change, so that no cohort is continued by another generator


class Preset(NamedTuple):
    """How finely a cohort is imaged: frames of a beat, and the pixel in units of UK Biobank's."""

    frames: int
    scale: int


PRESETS: dict[PresetName, Preset] = {"full": Preset(50, 1), "short": Preset(16, 1), "small": Preset(16, 2)}


class CohortSpec(NamedTuple):
    """One kind of cohort; how many subjects is not part of it.

    Attributes:
        seed: of the cohort.
        preset: how finely it is imaged.
        pathology: of every subject, or a mixture at the rates of `pathology.DISEASES`.
        faults: which rates of `faults.RATES` apply.
        generator: version of the generator.
        scanner: what images it.
    """

    seed: int
    preset: PresetName
    pathology: PathologyName
    faults: FaultsName
    generator: int = GENERATOR
    scanner: Scanner = DEFAULT

    def settings(self) -> dict[str, object]:
        """Return what a cohort's folder says of it; the default scanner is not mentioned."""
        said = self._asdict()
        del said["scanner"]
        return said | changes(self.scanner)
