"""Whether a few threads hand over studies as fast as the device trains on them."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.gpu.effort import Effort
from benchmarks.gpu.paces import Pace, compiled, paced
from benchmarks.loader import SHAPE, Repeated, write_ours
from benchmarks.subjects import slots
from benchmarks.training import RandomStudies, build
from torch.utils.data import DataLoader

from benchmarks import training
from cmr_ssl.data.dataset import PlaneDataset
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.sample import Sample

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


def handed(effort: Effort, batch: int) -> Iterator[Handed]:
    """Yield how fast each number of workers is."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        names = write_ours(folder, SUBJECTS)
        for workers in effort.readers:
            batches = iter(loader(folder, names, effort.planes, batch, workers))
            for _ in range(2 * workers + 1):  # what is fetched ahead is not measured
                next(batches)
            start, count = time.perf_counter(), 0
            while time.perf_counter() - start < effort.seconds:
                next(batches)
                count += batch
            yield Handed(workers, batch, count / (time.perf_counter() - start))


class FedStudies(RandomStudies):
    """The data module of the config, on prepared studies of random pixels that its workers read."""

    folder, names = Path(), list[str]()

    def train_dataloader(self) -> DataLoader[Sample]:  # type: ignore[override]
        """Return the batches, as worker processes hand them over."""
        return loader(self.folder, self.names, self.shape[0], self.batch_size, self.workers)


training.FedStudies = FedStudies  # type: ignore[attr-defined]  # where `build` looks for data modules


def fed(effort: Effort, batch: int) -> Pace:
    """Return how fast our compiled training is when four workers feed it."""
    with tempfile.TemporaryDirectory() as temporary:
        FedStudies.folder = Path(temporary)
        FedStudies.names = write_ours(FedStudies.folder, SUBJECTS)
        more = [*effort.model, *effort.pretrained, compiled(effort), f"--data.workers={min(4, effort.readers[-1])}"]
        return paced(
            "ours, compiled, fed by 4 workers",
            lambda: build(effort.planes, batch, data="FedStudies", more=more),
            effort,
        )
