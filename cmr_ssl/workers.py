"""Who does the work of a cohort: this process, processes of this machine, or the workers of a Dask cluster.

Processes start clean and never outlive the command that started them. A cluster brings SLURM and its like with it.
"""

import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, CancelledError, Executor, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from itertools import islice
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from pathlib import Path
from socket import gethostname
from threading import Thread
from typing import NamedTuple, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")
CONNECT_S = 15

HALF_STARTED = "_MultiProcessingDataLoaderIter.__del__"


class ClusterTrouble(Exception):
    """A cluster cannot go on with the work; the message says why."""


@dataclass(frozen=True)
class Workers:
    """Who works.

    Attributes:
        count: processes of this machine; on a cluster, how many subjects to hand out before its size is known.
        scheduler: address of a Dask scheduler; empty for this machine.
        folders: what the workers of a cluster must see.
    """

    count: int = 1
    scheduler: str = ""
    folders: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        """Refuse workers who cannot work."""
        if self.count < 1:
            raise ValueError(f"{self.count} workers do nothing: give at least 1")
        if self.scheduler and find_spec("distributed") is None:
            raise ValueError("--scheduler needs Dask: pip install 'cmr-ssl[cluster]', here and where the workers run")


def outcomes(
    workers: Workers, work: Callable[[Job], Result], jobs: Iterator[Job], lost: Callable[[Job], Result] | None = None
) -> Iterator[Result]:
    """Yield results as they arrive; only a few subjects wait at any time, so memory stays flat in any cohort.

    Args:
        workers: who works.
        work: what is done with a job.
        jobs: taken one by one, as there is somebody to work on them.
        lost: the result of a job over which workers of a cluster died again and again; without it, that stops all.

    Raises:
        ClusterTrouble: if a cluster cannot go on with the work.
    """
    if workers.scheduler:
        with _connected(workers.scheduler) as cluster:
            there = partial(_on_shared_disk, workers.folders, work)
            for job, future in _handed_out(cluster.executor, there, jobs, lambda: max(workers.count, cluster.size())):
                yield lost(job) if lost and isinstance(future.exception(), cluster.gave_up) else future.result()
    elif workers.count == 1:
        yield from map(work, jobs)
    else:
        with pool(workers.count) as processes:
            for _, future in _handed_out(processes, work, jobs, lambda: workers.count):
                yield future.result()


def pool(count: int) -> ProcessPoolExecutor:
    """Return a pool of so many freshly spawned processes, which end when their parent is killed."""
    return ProcessPoolExecutor(count, get_context("spawn"), _end_with_parent)


def silence_half_started() -> None:
    """Keep torch from printing a traceback about reading processes that could not be started, which was said before."""
    told = sys.unraisablehook

    def hook(unraisable: "sys.UnraisableHookArgs") -> None:
        if getattr(unraisable.object, "__qualname__", "") != HALF_STARTED:
            told(unraisable)

    sys.unraisablehook = hook


def _end_with_parent() -> None:
    """Let this worker end when its parent is killed, instead of waiting for work for ever."""
    parent = parent_process()
    if parent is not None:
        Thread(target=_leave_after, args=[parent], daemon=True).start()


def _leave_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


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


class _Cluster(NamedTuple):
    """A cluster that takes work.

    Attributes:
        executor: takes it.
        size: says how many subjects it can work on at this moment.
        gave_up: what a job raises whose workers died several times (as often as Dask's `allowed-failures` says).
    """

    executor: Executor
    size: Callable[[], int]
    gave_up: type[Exception]


@contextmanager
def _connected(address: str) -> Iterator[_Cluster]:
    """Connect to the scheduler at an address like tcp://HOST:8786; whatever is unfinished at the end is cancelled.

    Raises:
        ClusterTrouble: if no scheduler answers, it goes away, or its workers cannot load this package.
    """
    from distributed import Client, KilledWorker

    try:
        client = Client(address, timeout=CONNECT_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterTrouble(f"no Dask scheduler answers at {address} ({error})") from error
    with client:
        try:
            yield _Cluster(client.get_executor(pure=False), lambda: sum(client.nthreads().values()), KilledWorker)
        except (CancelledError, OSError) as error:
            raise ClusterTrouble(f"the cluster at {address} broke off ({type(error).__name__} {error})") from error
        except (ImportError, RuntimeError) as error:
            message = f"the cluster at {address} lacks something: install the same cmr-ssl there as here ({error})"
            raise ClusterTrouble(message) from error


def _on_shared_disk(folders: tuple[Path, ...], work: Callable[[Job], Result], job: Job) -> Result:
    """Do a job where the folders can be seen; elsewhere every subject would look as if its files were missing.

    Raises:
        ClusterTrouble: if one cannot be seen.
    """
    for folder in folders:
        if not folder.is_dir():
            raise ClusterTrouble(f"the worker on {gethostname()} does not see {folder}: use a disk that all share")
    return work(job)
