"""How much is measured: less than an hour of two cores, and a quick version of a few minutes."""

from pathlib import Path
from typing import NamedTuple

from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.kspace import Acquisition, VariableDensity
from experiments.cohorts import FOLDER, Cohort, development, fresh, opened, views_of
from experiments.pretrainings import first

TARGETS = ["LVEF (%)", "LVEDV (mL)", "LVM (g)"]
PLANES = views_of(5)  # of each study, as many lines as one core can learn from
TRAINED = 8.0  # acceleration at which everything that learns from undersampled studies is trained
COILS, SNR = 1, 20.0


class Settings(NamedTuple):
    """How much is done.

    Attributes:
        folder: where everything lies.
        evidence: folder of the evidence, whose cohorts and pretraining are used.
        published: whether labels and tests are of the evidence's fresh cohort; else of the development cohort, so that
            nobody looks at the published hearts by the way.
        accelerations: R at which everything is measured.
        labelled: subjects whose phenotypes heads learn from.
        tested: subjects of the test split, at most.
        cines: subjects whose cines are reconstructed and segmented.
        steps: of the pretraining of lines.
        batch: subjects in each of these.
        taught: steps in which a copy of the encoder of images learns to read undersampled studies.
        segmentation: steps of each U-Net.
        widths: of the encoder and decoder of lines.
    """

    folder: Path = FOLDER / "kspace"
    evidence: Path = FOLDER
    published: bool = True
    accelerations: tuple[float, ...] = (4.0, 8.0, 16.0)
    labelled: int = 200
    tested: int = 1000
    cines: int = 24
    steps: int = 300
    batch: int = 2
    taught: int = 150
    segmentation: int = 400
    widths: tuple[int, int] = (128, 96)

    @property
    def cohort(self) -> Cohort:
        """The development cohort of the evidence, on whose training split everything is trained."""
        return development(self.evidence)

    @property
    def hearts(self) -> Cohort:
        """The cohort whose labels heads learn from and whose test split is measured."""
        return fresh(self.evidence) if self.published else self.cohort

    @property
    def cines_table(self) -> Path:
        """Where what was measured of cines stands."""
        return self.folder / "cines.csv"

    @property
    def cost_table(self) -> Path:
        """Where it stands what a step costs."""
        return self.folder / "cost.csv"

    @property
    def image_encoder(self) -> Path:
        """The pretraining on images that the evidence starts with."""
        return first(self.evidence).checkpoint

    def acquisition(self, acceleration: float) -> Acquisition:
        """Return how k-space is simulated: the published pattern, one coil."""
        return Acquisition(VariableDensity(acceleration), COILS, SNR)

    def people(self) -> dict[str, list[str]]:
        """Return those who are labelled and those who are tested, in the order of the rows of their features."""
        data = opened(self.hearts)
        return {
            "train": first_subjects(data.subjects["train"], self.labelled),
            "test": first_subjects(data.subjects["test"], self.tested),
        }


def quick(folder: Path = FOLDER) -> Settings:
    """Return the shortest version: too small to learn from, enough to see that everything runs."""
    return Settings(folder / "kspace-quick", folder, False, (4.0, 8.0), 40, 20, 4, 20, 2, 10, 20, (64, 64))
