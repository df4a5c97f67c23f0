"""What is measured, of which cohort, and where everything lies."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from cmr_ssl.cohort.cohort_table import read_cohort
from cmr_ssl.cohort.splits import SPLITS, Fractions, Split, split_cohort

FRACTIONS: Fractions = (0.72, 0.08, 0.2)
# file: what the page calls it; the first is compared with those of `OTHERS`
ARMS = {
    "space": "aligned space",
    "aligned": "aligned tokens",
    "masked": "masked only",
    "scratch": "not trained",
}
FIRST, OTHERS = "space", ("masked", "scratch")


@dataclass(frozen=True)
class Settings:
    """One benchmark.

    Attributes:
        cache: of the synthetic cohort.
        table: its phenotypes.csv.
        pretrained: checkpoint of a masked pretraining.
        out: folder for everything that is made; what is there stays.
        epochs: of the alignment.
        labels: subjects with phenotypes and diagnoses.
        draws: of these subjects.
    """

    cache: Path
    table: Path
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
        """Return where the features of an arm lie."""
        return self.out / "features" / f"{arm}.npz"

    def subjects(self) -> dict[Split, list[str]]:
        """Return the subjects of each split."""
        cohort: pd.DataFrame = read_cohort(self.cache)
        split = split_cohort(cohort, FRACTIONS, None, None)
        return {name: sorted(cohort["subject"][split == name]) for name in SPLITS}
