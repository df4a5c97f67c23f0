"""Examine the studies of a cache to learn usual ranges, without the test split."""

from collections.abc import Iterator
from pathlib import Path

import torch
from rich.progress import track
from torch.utils.data import default_collate

from cmr_ssl.cohort.cohort_table import read_cohort
from cmr_ssl.cohort.splits import Split, split_cohort
from cmr_ssl.cohort.subjects import first_subjects, usable
from cmr_ssl.cohort.withdrawal import NONE_WITHDRAWN, Withdrawn
from cmr_ssl.data.dataset import PlaneDataset, sample_shape
from cmr_ssl.inspection.plane_examination import PlaneExamination, examine_heart
from cmr_ssl.preparation.cache import check_prepared
from cmr_ssl.sample import Sample, to_device
from cmr_ssl.tasks.pretraining import PretrainingTask
from cmr_ssl.tasks.trained import Trained

FEWEST_PLANES = 3  # of a study that is examined


def split_subjects(
    checkpoint: Path,
    cache: Path,
    trained: Trained,
    *splits: Split,
    table: Path | None = None,
    withdrawn: Withdrawn = NONE_WITHDRAWN,
) -> list[str]:
    """Return the subjects of a cache that belong to these splits of a checkpoint, sorted.

    Args:
        checkpoint: for errors.
        cache: the prepared studies.
        trained: the checkpoint, loaded.
        splits: which of its splits.
        table: with the column by which its training was split, where the cohort's own table has none.
        withdrawn: participants to leave out.

    Raises:
        FileNotFoundError: if there is no such cache.
        ValueError: if it was prepared otherwise, no table has the column, or nobody is left.
    """
    check_prepared(cache, trained.preparation)
    fractions, column = tuple(trained.split["fractions"]), trained.split["column"]
    cohort = usable(read_cohort(cache, withdrawn), trained.views, FEWEST_PLANES, trained.preparation["frames"])
    belongs = split_cohort(cohort, fractions, column, table).isin(splits)
    if not belongs.any():
        raise ValueError(f"no study of {cache} is in the {' or '.join(splits)} split of {checkpoint}: prepare more")
    return sorted(cohort["subject"][belongs])


def studies(cache: Path, subjects: list[str], trained: Trained, device: torch.device) -> Iterator[Sample]:
    """Yield prepared subjects as batches of one on the device, intensities 0 to 1."""
    dataset = PlaneDataset(cache, subjects, trained.views, sample_shape(trained.preparation, trained.views))
    for index in range(len(dataset)):
        batch: Sample = to_device(default_collate([dataset[index]]), device)
        if batch.subject[0]:
            yield batch._replace(images=batch.images.float() / 255)


def examine_cache(
    checkpoint: Path,
    cache: Path,
    count: int,
    task: PretrainingTask,
    trained: Trained,
    device: torch.device,
    table: Path | None = None,
    withdrawn: Withdrawn = NONE_WITHDRAWN,
) -> Iterator[PlaneExamination]:
    """Yield the planes of up to `count` studies of a cache, none of the test split; see `split_subjects`."""
    candidates = split_subjects(checkpoint, cache, trained, "train", "val", table=table, withdrawn=withdrawn)
    subjects = first_subjects(candidates, count)
    for heart in track(studies(cache, subjects, trained, device), "learning what is usual", len(subjects)):
        yield from examine_heart(task, heart, trained.preparation["spacing_mm"])
