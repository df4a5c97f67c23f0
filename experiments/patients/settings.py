"""What is measured, of which cohorts, and where everything lies."""

from pathlib import Path
from typing import NamedTuple

from experiments.cohorts import DEVELOPMENT_FRACTIONS, FOLDER, Cohort, development, placed, strangers
from experiments.pretrainings import first

LEARNT, TESTED = "learnt", "tested"  # cohorts


class Settings(NamedTuple):
    """How much is done.

    Attributes:
        evidence: folder of the evidence: hearts that were pretrained on, fresh ones, and the first pretraining.
        out: folder for everything that is made; what is there stays.
        alignments: how many; each leaves out another part of the subjects, among whom labelled ones are drawn.
        labels: subjects with phenotypes and diagnoses.
        draws: of labelled subjects, of each alignment.
    """

    evidence: Path = FOLDER
    out: Path = FOLDER / "patients"
    alignments: int = 5
    labels: int = 100
    draws: int = 2

    @property
    def pretrained(self) -> Path:
        """Checkpoint of the masked pretraining."""
        return first(self.evidence).checkpoint

    @property
    def parts(self) -> dict[str, list[Cohort]]:
        """Synthetic cohorts that are seen as one each: those pretrained on, and one that nothing was chosen on."""
        return {
            LEARNT: [development(self.evidence), *strangers(self.evidence)],
            TESTED: [placed(self.evidence, "fresh")],
        }

    def cohort(self, name: str) -> Cohort:
        """Return a cohort with its patients, whose table is made here."""
        cache = self.evidence / {LEARNT: "unlabelled", TESTED: "fresh"}[name] / "cache"
        return Cohort(name, self.out / name, cache, fractions=DEVELOPMENT_FRACTIONS)

    def features(self, name: str, encoder: str) -> Path:
        """Return where features of a cohort lie, a row a subject, (N, F) float16."""
        return self.out / "features" / f"{name}-{encoder}.npy"
