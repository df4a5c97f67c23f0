"""Subjects a second that one worker reads: our cache beside float32 images and int32 labels in npz files.

Both are read again and again while the page cache holds them: what is measured is the work, not the disk.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from torch import Tensor, from_numpy
from torch.utils.data import DataLoader, Dataset

from benchmarks.step import fastest
from benchmarks.subjects import FRAMES, LONG_AXIS_PLANES, SIZE, affines
from benchmarks.table import Row
from cmr_ssl.data.cache import PreparedSubject, subject_file, write_subject
from cmr_ssl.data.dataset import PlaneDataset

PLANES = 9
PREFETCHED = 2  # what torch does by itself
ENOUGH = 100_000  # repetitions, never used up
SLOTS = {"la_2ch": 1, "la_3ch": 1, "la_4ch": 1, "sa": PLANES - LONG_AXIS_PLANES}
SHAPE = (PLANES, FRAMES, SIZE, SIZE)


class Reading(NamedTuple):
    """How fast one worker reads, and how large the file of a subject is."""

    subjects_per_second: float
    bytes_per_subject: int


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
            images, labels = arrays["images"], arrays["labels"]
        images = (images - images.min()) / (images.max() - images.min())
        return from_numpy(images), from_numpy(labels)


class Repeated(Dataset[object]):
    """Another data set, over and over until it has a given length."""

    def __init__(self, dataset: Dataset[object], times: int, subjects: int) -> None:
        """Repeat the first `subjects` of `dataset`."""
        self.dataset, self.times, self.subjects = dataset, times, subjects

    def __len__(self) -> int:
        """Count all repetitions."""
        return self.times * self.subjects

    def __getitem__(self, index: int) -> object:
        """Read subject `index` modulo their number."""
        return self.dataset[index % self.subjects]


def write_published(folder: Path, subjects: int) -> list[Path]:
    """Write npz files of the published types and return them."""
    rng = np.random.default_rng(0)
    files = [folder / f"{number}.npz" for number in range(subjects)]
    for path in files:
        np.savez(path, images=rng.random(SHAPE, dtype=np.float32), labels=rng.integers(0, 4, SHAPE, dtype=np.int32))
    return files


def prepared(rng: np.random.Generator) -> PreparedSubject:
    """Return one prepared subject of random pixels without labels."""
    return PreparedSubject(
        images=rng.integers(0, 256, SHAPE, dtype=np.uint8),
        affine=affines(PLANES).numpy(),
        view=np.array([1, 2, 3] + [0] * SLOTS["sa"], np.uint8),
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
        write_subject(folder, name, prepared(rng), "none")
    return names


def subjects_per_second(dataset: Dataset[object], subjects: int, seconds: float) -> float:
    """Read with one worker for about `seconds`, batch 1, after all `subjects` were read once; return the speed."""
    loader = DataLoader(Repeated(dataset, ENOUGH, subjects), num_workers=1, prefetch_factor=PREFETCHED)
    batches: Iterator[object] = iter(loader)
    for _ in range(subjects + PREFETCHED):
        next(batches)
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        next(batches)
        count += 1
    return count / (time.perf_counter() - start)


def measure(subjects: int, seconds: float) -> tuple[Reading, Reading]:
    """Return how fast the published way reads, and ours."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files, names = write_published(folder, subjects), write_ours(folder, subjects)
        theirs = subjects_per_second(PublishedDataset(files), subjects, seconds)
        ours = subjects_per_second(PlaneDataset(folder, names, SLOTS, SHAPE), subjects, seconds)
        sizes = (files[0].stat().st_size, subject_file(folder, names[0]).stat().st_size)
    return Reading(theirs, sizes[0]), Reading(ours, sizes[1])


def rows(planes: int, subjects: int, seconds: float, rounds: int) -> list[Row]:
    """Measure reading of whole studies, and compare it with the fastest training step on studies of `planes`."""
    theirs, ours = measure(subjects, seconds)
    faster = ours.subjects_per_second / theirs.subjects_per_second
    smaller = ours.bytes_per_subject / theirs.bytes_per_subject
    their_size, our_size = (f"{reading.bytes_per_subject / 1e6:.1f}" for reading in (theirs, ours))
    their_speed, our_speed = (f"{reading.subjects_per_second:.1f}" for reading in (theirs, ours))
    need = fastest(planes, rounds).speed
    return [
        Row("reading, one worker: subjects a second", their_speed, our_speed, f"{faster:.0f} x faster", ">= 30 x"),
        Row("file of a subject, MB", their_size, our_size, f"{smaller:.2f}", "<= 8 MB"),
        Row("reading over fastest training", "", f"{ours.subjects_per_second / need:.0f} x", "", ">= 1 x"),
    ]
