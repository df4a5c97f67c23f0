"""Time and memory of one training step, each design in a process of its own."""

import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from typing import NamedTuple

import torch

from benchmarks import ours, published
from benchmarks.machine import device
from benchmarks.table import Row

Training = Callable[[int, int, torch.device], Iterator[object]]


class Cost(NamedTuple):
    """What a step costs: seconds, the memory that training takes at its peak in bytes, and subjects in its batch."""

    seconds: float
    memory: int
    batch: int

    @property
    def speed(self) -> float:
        """Subjects a second."""
        return self.batch / self.seconds


def peak_memory(on: torch.device) -> int:
    """Return the most memory this process has held so far, in bytes; on a GPU, that of its tensors."""
    if on.type == "cuda":
        return torch.cuda.max_memory_allocated()
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def finished(step: object, on: torch.device) -> object:
    """Wait until the device has done all it was asked for and return `step`."""
    if on.type == "cuda":
        torch.cuda.synchronize()
    return step


def run_steps(training: Training, planes: int, batch: int, count: int) -> tuple[list[float], int]:
    """Train here.

    Returns:
        The seconds of `count` steps, after a first one that warms up, and the peak memory in bytes, without that of
        the libraries.
    """
    on, seconds = device(), []
    libraries = peak_memory(on)
    step = training(planes, batch, on)
    finished(next(step), on)
    for _ in range(count):
        start = time.perf_counter()
        finished(next(step), on)
        seconds.append(time.perf_counter() - start)
    return seconds, peak_memory(on) - libraries


def in_own_process(training: Training, planes: int, batch: int, count: int) -> tuple[list[float], int]:
    """Do `run_steps` in a fresh process, so that the peak memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(run_steps, training, planes, batch, count).result()


def measure(training: Training, planes: int, batch: int, count: int) -> Cost:
    """Return the cost of the median of `count` steps."""
    seconds, memory = in_own_process(training, planes, batch, count)
    return Cost(statistics.median(seconds), memory, batch)


def batches() -> tuple[int, ...]:
    """Return the batch sizes that ours is tried with."""
    return (8, 32) if device().type == "cuda" else (1, 2, 4)


@cache
def our_cost(planes: int, batch: int, rounds: int) -> Cost:
    """Return the cost of our step, remembered."""
    return measure(ours.training, planes, batch, rounds)


def our_costs(planes: int, rounds: int) -> list[Cost]:
    """Return the cost of our step at each batch size."""
    return [our_cost(planes, batch, rounds) for batch in batches()]


def fastest(planes: int, rounds: int) -> Cost:
    """Return the cost at the batch size that gets through most subjects a second."""
    return max(our_costs(planes, rounds), key=lambda cost: cost.speed)


def rows(planes: int, rounds: int) -> list[Row]:
    """Measure the published step before and after ours, so that a machine that slows down slows both."""
    before = measure(published.training, planes, 1, rounds)
    costs = our_costs(planes, rounds)
    after = measure(published.training, planes, 1, rounds)
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
