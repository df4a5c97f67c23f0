"""Process a cohort in this process, in processes of this machine, or by the workers of a Dask cluster.

Processes are spawned and never outlive the command that started them. Dask supports SLURM and other queues.
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
    """A cluster cannot continue; the message is the reason."""


@dataclass(frozen=True)
class Workers:
    """The workers of a command.

    Attributes:
        count: processes of this machine; on a cluster, number of subjects to submit before its size is known.
        scheduler: address of a Dask scheduler; empty for this machine.
        folders: that the workers of a cluster must be able to read.
    """

    count: int = 1
    scheduler: str = ""
    folders: tuple[Path, ...] = ()

    def __post_init__(self) -> None:
        """Refuse no workers, and a scheduler without Dask."""
        if self.count < 1:
            raise ValueError(f"{self.count} workers do nothing: give at least 1")
        if self.scheduler and find_spec("distributed") is None:
            raise ValueError("--scheduler needs Dask: pip install 'cmr-ssl[cluster]', here and where the workers run")


def outcomes(
    workers: Workers, work: Callable[[Job], Result], jobs: Iterator[Job], lost: Callable[[Job], Result] | None = None
) -> Iterator[Result]:
    """Yield results as they arrive; only a few jobs are pending at any time, so memory is constant.

    Args:
        workers: see `Workers`.
        work: processes a job.
        jobs: taken one by one, as workers become free.
        lost: result of a job over which workers of a cluster died repeatedly; without it, that is an error.

    Raises:
        ClusterTrouble: if a cluster cannot continue.
    """
    if workers.scheduler:
        with _connected(workers.scheduler) as cluster:
            remote = partial(_on_shared_disk, workers.folders, work)
            for job, future in _submitted(cluster.executor, remote, jobs, lambda: max(workers.count, cluster.size())):
                yield lost(job) if lost and isinstance(future.exception(), cluster.gave_up) else future.result()
    elif workers.count == 1:
        yield from map(work, jobs)
    else:
        with pool(workers.count) as processes:
            for _, future in _submitted(processes, work, jobs, lambda: workers.count):
                yield future.result()


def pool(count: int) -> ProcessPoolExecutor:
    """Return a pool of `count` spawned processes, which end when their parent is killed."""
    return ProcessPoolExecutor(count, get_context("spawn"), _end_with_parent)


def silence_half_started() -> None:
    """Suppress torch's traceback about loader processes that could not be started, which is reported before."""
    original = sys.unraisablehook

    def hook(unraisable: "sys.UnraisableHookArgs") -> None:
        if getattr(unraisable.object, "__qualname__", "") != HALF_STARTED:
            original(unraisable)

    sys.unraisablehook = hook


def _end_with_parent() -> None:
    """End this worker when its parent is killed, instead of waiting for jobs for ever."""
    parent = parent_process()
    if parent is not None:
        Thread(target=_leave_after, args=[parent], daemon=True).start()


def _leave_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _submitted(
    executor: Executor, work: Callable[[Job], Result], jobs: Iterator[Job], size: Callable[[], int]
) -> Iterator[tuple[Job, Future[Result]]]:
    """Yield jobs with their futures as they end; closing the generator cancels pending ones."""
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
    """A connected cluster.

    Attributes:
        executor: of jobs.
        size: returns the current number of threads.
        gave_up: error of a job whose workers died several times (Dask's `allowed-failures`).
    """

    executor: Executor
    size: Callable[[], int]
    gave_up: type[Exception]


@contextmanager
def _connected(address: str) -> Iterator[_Cluster]:
    """Connect to a scheduler such as tcp://HOST:8786, cancelling unfinished jobs at the end; raise ClusterTrouble."""
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
    """Process a job; raise ClusterTrouble on a worker without the folders, where all files would seem missing."""
    for folder in folders:
        if not folder.is_dir():
            raise ClusterTrouble(f"the worker on {gethostname()} does not see {folder}: use a disk that all share")
    return work(job)
