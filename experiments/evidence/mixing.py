"""Unlabelled hearts of several scanners in one cohort, as a biobank's pretraining has them."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.evidence.cohorts import PREPARATION, Cohort, make
from benchmarks.evidence.commands import spoken


def mix(mixed: Cohort, parts: Sequence[Cohort], workers: int) -> None:
    """Make the parts and prepare all their subjects as one cohort; what is there stays.

    Those of the first part keep their ids, and so their split; the parts share no heart.
    """
    done = mixed.cache.with_name(f"{mixed.cache.name}.done")
    if done.exists():
        return
    for number, part in enumerate(parts):
        make(part, workers)
        link(part.source, mixed.source, number)
    source, cache = str(mixed.source), str(mixed.cache)
    log, many = mixed.cache.with_name("log.txt"), ("--workers", str(workers))
    spoken(log, "prepare", "--source", source, "--out", cache, "--preparation", PREPARATION, *many)
    done.touch()


def link(source: Path, out: Path, number: int) -> None:
    """Link the subjects of a part under ids that say of which part they are: 900000007 of part 1 is 910000007."""
    out.mkdir(parents=True, exist_ok=True)
    for folder in sorted(path for path in source.iterdir() if path.is_dir()):
        place = out / f"{folder.name[0]}{number}{folder.name[2:]}"
        if not place.is_symlink():
            place.symlink_to(folder.resolve(), target_is_directory=True)
