"""What faster acquisition does to models: images from undersampled k-space, and models of lines, side by side.

The k-space is simulated from the magnitudes of a cohort, see `cmr_ssl.kspace`.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import NamedTuple

import pandas as pd

from cmr_ssl.corruption import KSpaceUndersampling
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.devices import fast_precision
from cmr_ssl.kspace import Acquisition, TemporalSparsity, VariableDensity
from cmr_ssl.robustness.outcomes import batches, centres_of, evaluate_scenarios
from cmr_ssl.robustness.scenarios import FLAWED, Scenario, corrupt_planes
from cmr_ssl.robustness.scores import measured
from cmr_ssl.sample import Sample
from cmr_ssl.tasks.base import Task
from cmr_ssl.tasks.line_task import LineTask

FULL, ZERO_FILLED, RECONSTRUCTED, LINES = "full images", "zero-filled images", "reconstructed images", "lines"


class Way(NamedTuple):
    """A way from undersampled k-space into a model.

    Attributes:
        name: in the tables.
        acceleration: R, as it was asked for.
        acquisition: of its k-space; None for full images.
        task: that is asked.
        scenario: what becomes of a batch before.
    """

    name: str
    acceleration: float
    acquisition: Acquisition | None
    task: Task
    scenario: Scenario

    def counted(self, rows: int, columns: int) -> float:
        """Return the acceleration of planes of so many pixels as one counts it.

        Raises:
            ValueError: if such planes cannot be acquired so.
        """
        if self.acquisition is None:
            return 1.0
        self.acquisition.check_size(rows, columns)
        return self.acquisition.sampling.counted(rows)


def acquisition_of(tasks: Sequence[Task]) -> Acquisition:
    """Return how k-space is simulated for tasks that are compared: as the first one of lines does, or as published."""
    return next((task.acquisition for task in tasks if isinstance(task, LineTask)), Acquisition(VariableDensity()))


def ways(task: Task, acquisition: Acquisition, accelerations: Sequence[float], seed: int) -> Iterator[Way]:
    """Yield each way into a task; the first one is what others are compared with.

    A task of lines gets its own lines, from R = 1 on; one of images gets full images, zero-filled ones and ones that
    were reconstructed, of `acquisition`.
    """
    if isinstance(task, LineTask):
        for acceleration in dict.fromkeys([1.0, *accelerations]):
            at = task.at(acceleration)
            yield Way(LINES, acceleration, at.acquisition, at, Scenario(FLAWED, LINES, 0, lambda batch: batch))
        return
    yield Way(FULL, 1.0, None, task, Scenario(FLAWED, FULL, 0, lambda batch: batch))
    for name, reconstruction in ((ZERO_FILLED, None), (RECONSTRUCTED, TemporalSparsity())):
        for acceleration in accelerations:
            faster = acquisition.at(acceleration)
            flaw = KSpaceUndersampling(1.0, faster, reconstruction)
            spoiled = Scenario(FLAWED, name, 0, partial(spoil, flaw=flaw, seed=seed))
            yield Way(name, acceleration, faster, task, spoiled)


def spoil(batch: Sample, flaw: KSpaceUndersampling, seed: int) -> Sample:
    """Undersample every plane of a batch."""
    return corrupt_planes(batch, flaw, batch.images.shape[1], seed)


def table_of_ways(
    task: Task,
    everything: Sequence[Way],
    data: CineDataModule,
    tested: list[str],
    reference: list[str],
    batch_size: int,
    seed: int,
) -> pd.DataFrame:
    """Return one row for each way, acceleration and measure.

    Args:
        task: what is measured; it is on the device already.
        everything: the ways into it, the first one that to compare with.
        data: where subjects are read.
        tested: subjects.
        reference: subjects whose mean embedding is the centre.
        batch_size: subjects a batch.
        seed: of the resampling.

    Raises:
        ValueError: before anything is measured, if planes of the data cannot be acquired in one of the ways.
    """
    device = task.device
    rows: list[dict[str, object]] = []
    counted = [way.counted(*data.shape[2:]) for way in everything]
    with fast_precision(device):
        centres = centres_of(everything[0].task, batches(data, reference, batch_size, device))
    full = None
    for way, acquired in zip(everything, counted, strict=True):
        with fast_precision(device):
            evaluated = evaluate_scenarios(way.task, [way.scenario], batches(data, tested, batch_size, device))
        full = full or evaluated.outcomes[0]
        about = {"way": way.name, "acceleration": way.acceleration, "counted": acquired}
        scores = measured(task, evaluated.outcomes[0], full, centres, evaluated.true, seed)
        rows += [about | score._asdict() for score in scores]
    return pd.DataFrame(rows)
