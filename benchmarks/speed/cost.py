"""Time and memory of one training step, each design in a process of its own, and the rows that compare two."""

import statistics
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from benchmarks.speed.table import Row
from cmr_ssl.workers import pool
from experiments.machine import peak_memory

Training = Callable[[int, int, int], list[float]]  # planes, batch and steps, to when each step ended, s


class Cost(NamedTuple):
    """What a step costs: seconds, the memory that training takes at its peak in bytes, and subjects in its batch."""

    seconds: float
    memory: int
    batch: int

    @property
    def speed(self) -> float:
        """Subjects a second."""
        return self.batch / self.seconds


def run_steps(training: Training, planes: int, batch: int, count: int) -> Cost:
    """Train here and return the cost of the median of `count` steps, without a first one that warms up.

    The memory is without that of the libraries.
    """
    libraries = peak_memory()
    ends = training(planes, batch, count + 1)
    seconds = statistics.median(end - start for start, end in pairwise(ends))
    return Cost(seconds, peak_memory() - libraries, batch)


def measure(training: Training, planes: int, batch: int, count: int) -> Cost:
    """Return the cost of a step, in a fresh process, so that the peak memory is its own."""
    with pool(1) as process:
        return process.submit(run_steps, training, planes, batch, count).result()


def speed_row(what: str, theirs: Cost, ours: Cost, goal: str = "") -> Row:
    """Compare speeds."""
    before, after = (f"{1 / cost.speed:.2f}" for cost in (theirs, ours))
    return Row(f"{what}: seconds a subject", before, after, f"{ours.speed / theirs.speed:.1f} x faster", goal)


def memory_row(what: str, theirs: Cost, ours: Cost, goal: str = "") -> Row:
    """Compare peak memory."""
    before, after = (f"{cost.memory / 1e9:.2f}" for cost in (theirs, ours))
    return Row(f"{what}: peak memory, GB", before, after, f"{ours.memory / theirs.memory:.2f}", goal)
