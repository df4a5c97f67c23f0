"""Who does the work of a cohort: this process, processes of this machine, or the workers of a cluster."""

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeVar

from cmr_ssl.cluster import check_installed, connected, on_shared_disk
from cmr_ssl.workers import pool

Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Crew:
    """Who works.

    Attributes:
        workers: processes of this machine; on a cluster, how many subjects to hand out before its size is known.
        scheduler: address of a Dask scheduler; empty for this machine.
        folders: what the workers of a cluster must see.
    """

    workers: int = 1
    scheduler: str = ""
    folders: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a crew that cannot work."""
        if self.workers < 1:
            raise ValueError(f"{self.workers} workers do nothing: give at least 1")
        if self.scheduler:
            check_installed()


def outcomes(
    crew: Crew, work: Callable[[Job], Result], jobs: Iterator[Job], lost: Callable[[Job], Result]
) -> Iterator[Result]:
    """Yield results as they arrive; only a few subjects wait at any time, so memory stays flat in any cohort.

    Args:
        crew: who works.
        work: what is done with a job.
        jobs: taken one by one, as there is somebody to work on them.
        lost: the result of a job over which workers of a cluster died again and again.
    """
    if crew.scheduler:
        with connected(crew.scheduler) as cluster:
            there = partial(on_shared_disk, crew.folders, work)
            for job, future in _handed_out(cluster.executor, there, jobs, lambda: max(crew.workers, cluster.size())):
                yield lost(job) if isinstance(future.exception(), cluster.gave_up) else future.result()
    elif crew.workers == 1:
        yield from map(work, jobs)
    else:
        with pool(crew.workers) as processes:
            for _, future in _handed_out(processes, work, jobs, lambda: crew.workers):
                yield future.result()


def _handed_out(
    executor: Executor, work: Callable[[Job], Result], jobs: Iterator[Job], size: Callable[[], int]
) -> Iterator[tuple[Job, Future[Result]]]:
    """Yield jobs with their futures as they end; whoever stops listening cancels those that have not begun."""
    pending: dict[Future[Result], Job] = {}
    try:
        while True:
            for job in islice(jobs, max(0, 2 * size() - len(pending))):
                pending[executor.submit(work, job)] = job
            if not pending:
                return
            for future in wait(pending, return_when=FIRST_COMPLETED).done:
                yield pending.pop(future), future
    finally:
        for future in pending:
            future.cancel()
