"""Subjects a second that one worker reads: our cache beside float32 images and int32 labels in npz files.

Both are read again and again while the page cache holds them: what is measured is the work, not the disk.
"""

import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torch import Tensor, from_numpy
from torch.utils.data import DataLoader, Dataset, Sampler

from benchmarks.speed.random_studies import FRAMES, SIZE, affines, slots
from benchmarks.speed.step import fastest
from benchmarks.speed.table import Row
from cmr_ssl.data.dataset import PlaneDataset
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.preparation.cache import PreparedSubject, subject_file, write_subject

PLANES, STORED = 9, 14  # read of a study, and stored in an npz: the whole stack
WARM_UP = 8  # subjects
ENOUGH = 1_000_000  # more samples than anyone reads here
SHAPE = (PLANES, FRAMES, SIZE, SIZE)


class Reading(NamedTuple):
    """Subjects a second: read when due, and handed over by one worker; and the bytes of a subject's file."""

    alone: float
    handed_over: float
    size: int


class PublishedDataset(Dataset[tuple[Tensor, Tensor]]):
    """Images and labels of a subject from one npz file, scaled by their extremes, as published."""

    def __init__(self, files: list[Path]) -> None:
        """Remember the files."""
        self.files = files

    def __len__(self) -> int:
        """Count the subjects."""
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        """Read one subject: images 0 to 1 and labels, (P, T, H, W) each."""
        with np.load(self.files[index]) as arrays:
            images, labels = arrays["images"][:PLANES], arrays["labels"][:PLANES]
        images = (images - images.min()) / (images.max() - images.min())
        return from_numpy(images), from_numpy(labels)


class Repeated(Sampler[int]):
    """The first subjects of a data set, over and over."""

    def __init__(self, subjects: int) -> None:
        """Repeat so many."""
        self.subjects = subjects

    def __iter__(self) -> Iterator[int]:
        """Yield more indices than anyone reads."""
        return (index % self.subjects for index in range(ENOUGH))

    def __len__(self) -> int:
        """Promise as many."""
        return ENOUGH


def write_published(folder: Path, subjects: int) -> list[Path]:
    """Write npz files of the published types and return them."""
    rng, shape = np.random.default_rng(0), (STORED, *SHAPE[1:])
    files = [folder / f"{number}.npz" for number in range(subjects)]
    for path in files:
        np.savez(path, images=rng.random(shape, dtype=np.float32), labels=rng.integers(0, 4, shape, dtype=np.int32))
    return files


def random_planes(rng: np.random.Generator) -> PreparedSubject:
    """Return one prepared subject of random pixels without labels."""
    return PreparedSubject(
        images=rng.integers(0, 256, SHAPE, dtype=np.uint8),
        affine=affines(PLANES).numpy(),
        view=np.array([1, 2, 3] + [0] * slots(PLANES)["sa"], np.uint8),
        slice=np.arange(PLANES, dtype=np.int16),
        acquired=np.ones((PLANES, FRAMES), np.uint8),
        to_heart=np.eye(4),
        labelled=np.zeros((0, 2), np.int16),
        labels=np.zeros((0, SIZE, SIZE), np.uint8),
        annotated=np.zeros((PLANES, 6), np.uint8),
    )


def write_ours(folder: Path, subjects: int) -> list[str]:
    """Write prepared subjects and return their ids."""
    rng = np.random.default_rng(0)
    names = [f"{number:09d}" for number in range(subjects)]
    for name in names:
        write_subject(folder, name, random_planes(rng), "none")
    return names


def subjects_per_second(loader: Iterable[object], seconds: float) -> float:
    """Read one by one for about `seconds`, files already in memory."""
    batches = iter(loader)
    for _ in range(WARM_UP):
        next(batches)
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        next(batches)
        count += 1
    return count / (time.perf_counter() - start)


def reading(loaders: Iterable[Iterable[object]], file: Path, seconds: float) -> Reading:
    """Measure one way, of two loaders: without a worker, and with one."""
    alone, handed_over = (subjects_per_second(loader, seconds) for loader in loaders)
    return Reading(alone, handed_over, file.stat().st_size)


def measure(subjects: int, seconds: float) -> tuple[Reading, Reading]:
    """Return how the published way reads, and ours."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, order = Path(temporary), Repeated(subjects)
        files, names = write_published(folder, subjects), write_ours(folder, subjects)
        published, ours = PublishedDataset(files), PlaneDataset(folder, names, slots(PLANES), SHAPE)
        return (
            reading((DataLoader(published, sampler=order, num_workers=one) for one in (0, 1)), files[0], seconds),
            reading((PlaneLoader(ours, 1, one, order) for one in (0, 1)), subject_file(folder, names[0]), seconds),
        )


def rows(planes: int, subjects: int, seconds: float, rounds: int) -> list[Row]:
    """Measure reading of whole studies, and compare it with the fastest training step on studies of `planes`."""
    published, prepared = measure(subjects, seconds)
    theirs, ours = (f"{one.size / 1e6:.1f}" for one in (published, prepared))
    enough = prepared.handed_over / fastest(planes, rounds).speed
    return [
        speed_row("reading: subjects a second", published.alone, prepared.alone),
        speed_row("reading, handed over by one worker", published.handed_over, prepared.handed_over),
        Row("file of a subject, MB", theirs, ours, f"{prepared.size / published.size:.2f}", "<= 8 MB"),
        Row("one worker over fastest training", "", f"{enough:.0f} x", "", ">= 1 x"),
    ]


def speed_row(what: str, theirs: float, ours: float) -> Row:
    """Compare two speeds in subjects a second."""
    return Row(what, f"{theirs:.1f}", f"{ours:.1f}", f"{ours / theirs:.0f} x faster", ">= 30 x")
