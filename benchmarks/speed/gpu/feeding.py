"""Whether a few threads hand over studies as fast as the device trains on them."""

import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import NamedTuple

from torch.utils.data import DataLoader

from benchmarks.speed.gpu.pace import Pace, compiled, paced
from benchmarks.speed.gpu.settings import Settings
from benchmarks.speed.loader import SHAPE, Repeated, write_ours
from benchmarks.speed.random_studies import slots
from benchmarks.speed.training import CONFIG, RandomStudies, build
from cmr_ssl.data.dataset import PlaneDataset
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.sample import Sample
from experiments.commands import options

SUBJECTS = 64  # files that are read again and again, from the page cache


class Handed(NamedTuple):
    """Studies a second that so many threads hand over, in batches and in pinned memory where there is a device."""

    workers: int
    batch: int
    speed: float


def loader(folder: Path, names: list[str], planes: int, batch: int, workers: int) -> PlaneLoader:
    """Return the loader of a training on prepared studies of random pixels, over and over."""
    dataset = PlaneDataset(folder, names, slots(planes), (planes, *SHAPE[1:]))
    return PlaneLoader(dataset, batch, workers, Repeated(len(names)))


def handed(settings: Settings, batch: int) -> Iterator[Handed]:
    """Yield how fast each number of workers is."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        names = write_ours(folder, SUBJECTS)
        for workers in settings.readers:
            reading = loader(folder, names, settings.planes, batch, workers)
            with closing(iter(reading)) as batches:  # or files would be read that are gone
                for _ in range(2 * workers + 1):  # what is fetched ahead is not measured
                    next(batches)
                start, count = time.perf_counter(), 0
                while time.perf_counter() - start < settings.seconds:
                    next(batches)
                    count += batch
            yield Handed(workers, batch, count / (time.perf_counter() - start))


class FedStudies(RandomStudies):
    """The data module of the config, on prepared studies of random pixels that its workers read."""

    def train_dataloader(self) -> DataLoader[Sample]:  # type: ignore[override]
        """Return the batches, as threads that read hand them over."""
        folder = Path(self.cache)
        names = write_ours(folder, SUBJECTS)
        return loader(folder, names, self.shape[0], self.batch_size, self.workers)


def fed(settings: Settings, batch: int) -> Pace:
    """Return how fast our compiled training is when four workers feed it."""
    with tempfile.TemporaryDirectory() as temporary:
        told = {"data.workers": min(4, settings.readers[-1]), "data.cache": temporary}
        more = [*settings.model, compiled(settings), *options(told)]
        data = f"{__name__}.{FedStudies.__name__}"
        make = partial(build, settings.planes, batch, CONFIG, data, more)
        return paced("ours, compiled, fed by 4 workers", settings, make)
