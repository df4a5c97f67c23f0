"""Select the subjects of a cohort that have enough planes, and a few of them by a stable hash."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from cmr_ssl.planes import SHORT_AXIS
from cmr_ssl.preparation.cache import SUBJECTS, subject_file
from cmr_ssl.seeds import seed_of

log = logging.getLogger(__name__)


def first_subjects(subjects: Sequence[str], count: int | None, seed: int = 0) -> list[str]:
    """Return `count` of the subjects, sorted, chosen by their ids and the seed only; a smaller count is a subset."""
    order = sorted(subjects, key=lambda subject: seed_of("first subjects", seed, subject))
    return sorted(order[:count])


def usable(cohort: pd.DataFrame, views: dict[str, int], min_planes: int, frames: int) -> pd.DataFrame:
    """Return the rows with `frames` frames and enough planes, and log how many others there are and why.

    Cines are resampled to the frames of the cache; a study of ED and ES has two, enough for a cache of two.
    """
    readable = cohort[cohort["status"] != "rejected"]
    beats = readable[readable["cine"].astype(bool) | (readable["frames"] == frames)]
    complete = beats[planes_of(beats, views) >= min_planes]
    for count, reason in (
        (len(cohort) - len(readable), "rejected in preparing or by a policy"),
        (len(readable) - len(beats), "without a whole beat"),
        (len(beats) - len(complete), f"with fewer than {min_planes} planes in {', '.join(views)}"),
    ):
        if count:
            log.warning("set aside %d subjects %s", count, reason)
    return complete


def warn_of_unused_slices(cohort: pd.DataFrame, views: dict[str, int]) -> None:
    """Log how many subjects have more short-axis slices than a sample has room for, given planes per view."""
    room = views.get(SHORT_AXIS, 0)
    larger = cohort[cohort["sa_slices"] > room]
    if room and len(larger):
        largest = larger.loc[larger["sa_slices"].idxmax()]
        log.warning(
            "%d of %d subjects have more slices than data.views.sa %d (subject %s has %d): only those nearest to the "
            "middle of the heart are looked at; raise data.views.sa to use them all",
            *(len(larger), len(cohort), room, largest["subject"], largest["sa_slices"]),
        )


def planes_of(cohort: pd.DataFrame, views: dict[str, int]) -> "pd.Series[int]":
    """Count the planes of each subject that a sample has room for."""
    names = cohort["views"].str.split(",")
    count = cohort["sa_slices"].clip(upper=views.get(SHORT_AXIS, 0))
    for name in views:
        if name != SHORT_AXIS:
            count = count + names.map(lambda present, name=name: name in present).astype(int)
    return count


def check_files(cache: Path, splits: Mapping[str, Sequence[str]]) -> None:
    """Raise ValueError where a split, name to subjects, has not one prepared file in `cache`."""
    files = {path.name for path in (cache / SUBJECTS).glob("*")}
    for split, subjects in splits.items():
        if files.isdisjoint(subject_file(cache, subject).name for subject in subjects):
            raise ValueError(
                f"none of the {len(subjects)} {split} subjects of {cache} has its prepared file: see whether the disk "
                "is there, or run the same `prepare` command again, which makes them anew"
            )
