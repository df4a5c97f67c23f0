"""Time and memory of one training step, each design in a process of its own."""

import resource
import statistics
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import pairwise
from multiprocessing import get_context
from typing import NamedTuple

import torch
from benchmarks.machine import device
from benchmarks.table import Row

from benchmarks import published, training

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


def peak_memory() -> int:
    """Return the most memory this process has held so far, in bytes; on a GPU, that of its tensors."""
    if device().type == "cuda":
        return torch.cuda.max_memory_allocated()
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def run_steps(training: Training, planes: int, batch: int, count: int) -> tuple[list[float], int]:
    """Train here.

    Returns:
        The seconds of `count` steps, after a first one that warms up, and the peak memory in bytes, without that of
        the libraries.
    """
    libraries = peak_memory()
    ends = training(planes, batch, count + 1)
    return [end - start for start, end in pairwise(ends)], peak_memory() - libraries


def measure(training: Training, planes: int, batch: int, count: int) -> Cost:
    """Return the cost of the median of `count` steps, in a fresh process, so that the peak memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        seconds, memory = pool.submit(run_steps, training, planes, batch, count).result()
    return Cost(statistics.median(seconds), memory, batch)


def batches() -> tuple[int, ...]:
    """Return the batch sizes that ours is tried with."""
    return (8, 32) if device().type == "cuda" else (1, 2, 4)


@cache
def our_cost(planes: int, batch: int, rounds: int) -> Cost:
    """Return the cost of our step, remembered."""
    return measure(training.step_ends, planes, batch, rounds)


def our_costs(planes: int, rounds: int) -> list[Cost]:
    """Return the cost of our step at each batch size."""
    return [our_cost(planes, batch, rounds) for batch in batches()]


def fastest(planes: int, rounds: int) -> Cost:
    """Return the cost at the batch size that gets through most subjects a second."""
    return max(our_costs(planes, rounds), key=lambda cost: cost.speed)


def rows(planes: int, rounds: int) -> list[Row]:
    """Measure the published step before and after ours, so that a machine that slows down slows both."""
    before = measure(published.step_ends, planes, 1, 1)
    costs = our_costs(planes, rounds)
    after = measure(published.step_ends, planes, 1, 1)
    theirs = before._replace(seconds=(before.seconds + after.seconds) / 2)
    return [*(speed_row(theirs, cost) for cost in costs), *(memory_row(theirs, cost) for cost in costs)]


def speed_row(theirs: Cost, cost: Cost) -> Row:
    """Compare speeds."""
    what = f"training, batch {cost.batch}: seconds a subject"
    ratio = cost.speed / theirs.speed
    return Row(what, f"{theirs.seconds:.2f}", f"{1 / cost.speed:.2f}", f"{ratio:.1f} x faster", ">= 6 x")


def memory_row(theirs: Cost, cost: Cost) -> Row:
    """Compare peak memory."""
    what = f"training, batch {cost.batch}: peak memory, GB"
    published, our = (f"{memory / 1e9:.2f}" for memory in (theirs.memory, cost.memory))
    return Row(what, published, our, f"{cost.memory / theirs.memory:.2f}", "<= 0.5")
