"""Cohorts of synthetic hearts: those that everything is developed on, and how others are made."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from cmr_ssl.cohort.splits import Fractions
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.planes import LONG_AXIS, SHORT_AXIS
from experiments.commands import spoken

FOLDER = Path("evidence")  # where the hearts lie that several experiments use
DEVELOPMENT_SEED = 11  # pretraining and choices of any kind; other scanners have the seeds that follow
DEVELOPMENT_FRACTIONS: Fractions = (0.72, 0.08, 0.20)  # those of configs/evidence/pretraining.yaml
FRESH_FRACTIONS: Fractions = (0.60, 0.10, 0.30)
SCANNERS = {  # what `phantom` is told for each domain other than the usual one
    "balanced_3t": ("--scanner", "balanced_3t"),
    "gradient_echo": ("--scanner", "gradient_echo"),
}
MIN_PLANES = 5
PREPARATION = "configs/preparation/small.yaml"


def views_of(slices: int) -> dict[str, int]:
    """Return the room of a study with so many slices."""
    return dict.fromkeys(LONG_AXIS, 1) | {SHORT_AXIS: slices}


VIEWS = views_of(12)


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

    @property
    def options(self) -> dict[str, object]:
        """What `fit` is told of it, by the name of the option."""
        return {
            "data.cache": self.cache,
            "data.fractions": self.fractions,
            "data.min_planes": MIN_PLANES,
            "data.workers": 0,
        }


def placed(folder: Path, name: str, *phantom: str, fractions: Fractions = FRESH_FRACTIONS) -> Cohort:
    """Return a cohort that lies under a folder of its name."""
    return Cohort(name, folder / slug(name) / "cohort", folder / slug(name) / "cache", phantom, fractions)


def slug(name: str) -> str:
    """Return a name as files have it."""
    return "".join(letter if letter.isalnum() or letter == "-" else "_" for letter in name)


def ordered(seed: int, subjects: int, *more: str) -> tuple[str, ...]:
    """Return what `phantom` is told for so many subjects of a seed."""
    return ("--subjects", str(subjects), "--seed", str(seed), "--preset", "small", *more)


def development(folder: Path = FOLDER, subjects: int = 1200) -> Cohort:
    """Return the cohort of the usual scanner that is pretrained on; no pretraining sees its test split."""
    return placed(folder, "development", *ordered(DEVELOPMENT_SEED, subjects), fractions=DEVELOPMENT_FRACTIONS)


def strangers(
    folder: Path = FOLDER, subjects: int = 400, scanners: Mapping[str, tuple[str, ...]] = SCANNERS
) -> list[Cohort]:
    """Return hearts that other scanners show, to pretrain on; no heart is in two cohorts."""
    return [
        placed(
            folder,
            f"development-{name}",
            *ordered(DEVELOPMENT_SEED + number, subjects, *options),
            fractions=DEVELOPMENT_FRACTIONS,
        )
        for number, (name, options) in enumerate(scanners.items(), start=1)
    ]


def mixture(folder: Path = FOLDER) -> Cohort:
    """Return all that is pretrained on as one cohort, as a biobank has it; `mix` makes it."""
    return placed(folder, "unlabelled", fractions=DEVELOPMENT_FRACTIONS)


def fresh(folder: Path = FOLDER) -> Cohort:
    """Return the hearts that the evidence publishes on: no pretraining saw them, nothing was chosen with them."""
    return placed(folder, "fresh")


def make(cohort: Cohort, workers: int) -> None:
    """Make and prepare a cohort; what is there stays."""
    if cohort.phantom and not _done(cohort).exists():
        many = ("--workers", str(workers))
        spoken(_log(cohort), "phantom", "--out", str(cohort.source), *cohort.phantom, *many)
        _prepare(cohort, *many)


def mix(mixed: Cohort, parts: Sequence[Cohort], workers: int) -> None:
    """Make the parts and prepare all their subjects as one cohort; what is there stays.

    Those of the first part keep their ids, and so their split; the parts share no heart.
    """
    if not _done(mixed).exists():
        for number, part in enumerate(parts):
            make(part, workers)
            link(part.source, mixed.source, number)
        _prepare(mixed, "--workers", str(workers))


def link(source: Path, out: Path, number: int) -> None:
    """Link the subjects of a part under ids that say of which part they are."""
    out.mkdir(parents=True, exist_ok=True)
    for folder in sorted(path for path in source.iterdir() if path.is_dir()):
        place = out / renamed(folder.name, number)
        if not place.is_symlink():
            place.symlink_to(folder.resolve(), target_is_directory=True)


def renamed(subject: str, number: int) -> str:
    """Return the id of a subject of a part beside those of other parts: 900000007 of part 1 is 910000007."""
    return f"{subject[0]}{number}{subject[2:]}"


def _prepare(cohort: Cohort, *many: str) -> None:
    where = ("--source", str(cohort.source), "--out", str(cohort.cache))
    spoken(_log(cohort), "prepare", *where, "--preparation", PREPARATION, *many)
    _done(cohort).touch()


def _done(cohort: Cohort) -> Path:
    return cohort.cache.with_name(f"{cohort.cache.name}.done")


def _log(cohort: Cohort) -> Path:
    return cohort.cache.with_name("log.txt")


def opened(cohort: Cohort, views: dict[str, int] = VIEWS, labels: bool = False) -> CineDataModule:
    """Return a cohort, split, with studies that have enough planes, and with room for so many of each view."""
    data = CineDataModule(
        str(cohort.cache),
        views,
        workers=0,
        fractions=cohort.fractions,
        min_planes=MIN_PLANES,
        labels=labels,
        table=str(cohort.table),
    )
    data.setup("test")
    return data
