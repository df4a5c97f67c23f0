"""Cohorts of synthetic hearts: one to develop on, and others that nothing is ever pretrained or tuned on."""

from pathlib import Path
from typing import NamedTuple

from benchmarks.evidence.commands import spoken

from cmr_ssl.cohort.splits import Fractions
from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.data.datamodule import CineDataModule

DEVELOPMENT_FRACTIONS: Fractions = (0.72, 0.08, 0.20)  # those of configs/evidence/pretraining.yaml
FRESH_FRACTIONS: Fractions = (0.60, 0.10, 0.30)
MIN_PLANES = 5
VIEWS = {"la_2ch": 1, "la_3ch": 1, "la_4ch": 1, "sa": 12}
PREPARATION = "configs/preparation/small.yaml"


class Cohort(NamedTuple):
    """Where a cohort lies, how it is made and split.

    Attributes:
        name: in tables and file names.
        source: folder that `phantom` writes.
        cache: folder that `prepare` writes.
        phantom: what the command `phantom` is told; empty for a cohort that is there already.
        fractions: of those who may be labelled, those that choose between trainings, and those that are tested.
    """

    name: str
    source: Path
    cache: Path
    phantom: tuple[str, ...] = ()
    fractions: Fractions = FRESH_FRACTIONS

    @property
    def table(self) -> Path:
        """Where its true phenotypes stand."""
        return self.source / "phenotypes.csv"


def placed(folder: Path, name: str, *phantom: str, fractions: Fractions = FRESH_FRACTIONS) -> Cohort:
    """Return a cohort that lies under a folder of its name."""
    return Cohort(name, folder / slug(name) / "cohort", folder / slug(name) / "cache", phantom, fractions)


def slug(name: str) -> str:
    """Return a name as files have it."""
    return "".join(letter if letter.isalnum() or letter == "-" else "_" for letter in name)


def ordered(seed: int, subjects: int, *more: str) -> tuple[str, ...]:
    """Return what `phantom` is told for so many subjects of a seed."""
    return ("--subjects", str(subjects), "--seed", str(seed), "--preset", "small", *more)


def make(cohort: Cohort, workers: int) -> None:
    """Make and prepare a cohort; what is there stays."""
    done = cohort.cache.with_name(f"{cohort.cache.name}.done")
    if done.exists() or not cohort.phantom:
        return
    log, source, many = cohort.cache.with_name("log.txt"), str(cohort.source), ("--workers", str(workers))
    spoken(log, "phantom", "--out", source, *cohort.phantom, *many)
    spoken(log, "prepare", "--source", source, "--out", str(cohort.cache), "--preparation", PREPARATION, *many)
    done.touch()


def opened(cohort: Cohort) -> CineDataModule:
    """Return a cohort, split, with studies that have enough planes."""
    data = CineDataModule(
        str(cohort.cache),
        VIEWS,
        workers=0,
        fractions=cohort.fractions,
        min_planes=MIN_PLANES,
        table=str(cohort.table),
    )
    data.setup("test")
    return data


def labelled(subjects: list[str], count: int, draw: int) -> list[str]:
    """Return the subjects whose labels a draw gives away: those that `--data.train_subjects` and `--data.seed` give."""
    return first_subjects(subjects, count, draw)
