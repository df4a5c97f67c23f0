"""What is measured, of which cohort, and where everything lies."""

from dataclasses import dataclass
from pathlib import Path

from experiments.cohorts import Cohort

# name of features: what the page calls them; the first are compared with those of `OTHERS`
ARMS = {
    "space": "aligned space",
    "aligned": "aligned tokens",
    "masked": "masked only",
    "scratch": "not trained",
}
FIRST, OTHERS = "space", ("masked", "scratch")


@dataclass(frozen=True)
class Settings:
    """How much is done.

    Attributes:
        cohort: synthetic, with its patient table.
        pretrained: run or checkpoint of a masked pretraining.
        out: folder for everything that is made; what is there stays.
        epochs: of the alignment.
        labels: subjects with phenotypes and diagnoses.
        draws: of these subjects.
    """

    cohort: Cohort
    pretrained: Path
    out: Path
    epochs: int = 6
    labels: int = 100
    draws: int = 5

    @property
    def aligned(self) -> Path:
        """Folder of the alignment's run."""
        return self.out / "aligned"

    @property
    def arms(self) -> list[str]:
        """Arms of which there are features."""
        return [arm for arm in ARMS if self.features(arm).is_file()]

    @property
    def others(self) -> list[str]:
        """Arms that the first one is compared with, of which there are features."""
        return [arm for arm in self.arms if arm in OTHERS]

    def features(self, arm: str) -> Path:
        """Return where the features of an arm lie, a row a subject of the cohort, (N, F) float16."""
        return self.out / "features" / f"{arm}.npy"
