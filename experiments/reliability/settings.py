"""What is measured, and where everything lies."""

from pathlib import Path
from typing import NamedTuple

from cmr_ssl.cohort.splits import Fractions, hashed_split
from cmr_ssl.phantom.cohort_spec import FIRST_VISIT
from cmr_ssl.phantom.person import FIRST_ID
from cmr_ssl.robustness.scenarios import HALF
from experiments.cohorts import DEVELOPMENT_SEED, SCANNERS, Cohort, ordered, placed
from experiments.commands import best

FRACTIONS: Fractions = (0.35, 0.30, 0.35)  # intervals come from the second, coverage from the third
SECOND_VISIT = FIRST_VISIT + 1
ALL, MISSING = "all planes", ("3 missing", HALF, "no long axis", "no basal third", "long axis only")


class Settings(NamedTuple):
    """The experiment.

    Attributes:
        folder: where hearts, runs and tables lie.
        subjects: of the usual scanner.
        strangers: of each other scanner.
        rescanned: of the test split.
    """

    folder: Path = Path("runs/reliability")
    subjects: int = 200
    strangers: int = 70
    rescanned: int = 40

    @property
    def usual(self) -> Cohort:
        """The cohort in which the head learns, is calibrated and tested."""
        return placed(self.folder, "usual", *ordered(DEVELOPMENT_SEED, self.subjects), fractions=FRACTIONS)

    @property
    def others(self) -> dict[str, Cohort]:
        """Other hearts under other scanners, by the scanner's name."""
        return {
            name: placed(self.folder, name, *ordered(DEVELOPMENT_SEED + number, self.strangers, *options))
            for number, (name, options) in enumerate(SCANNERS.items(), start=1)
        }

    @property
    def tested(self) -> list[str]:
        """The test split of the usual cohort."""
        ids = [str(FIRST_ID + index) for index in range(1, self.subjects + 1)]
        return [subject for subject in ids if hashed_split(subject, FRACTIONS) == "test"]

    @property
    def head(self) -> Path:
        """The run of the head."""
        return self.folder / "head"

    @property
    def checkpoint(self) -> Path:
        """What predicts."""
        return best(self.head)

    def visit(self, number: int) -> Path:
        """Where the images of those who are scanned twice lie, of one visit."""
        return self.folder / f"visit_{number}"

    def predictions(self, name: str) -> Path:
        """What was predicted of a scanner or visit."""
        return self.folder / "predictions" / name

    @property
    def planes(self) -> Path:
        """The table of coverage with planes missing."""
        return self.folder / "planes.csv"
