"""Workers beyond one machine: an existing Dask cluster, which brings SLURM and its like with it."""

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError, Executor
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from socket import gethostname
from typing import NamedTuple, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")
CONNECT_S = 15


class ClusterTrouble(Exception):
    """A cluster cannot go on with the work; the message says why."""


class Cluster(NamedTuple):
    """A cluster that takes work.

    Attributes:
        executor: takes it.
        size: says how many subjects it can work on at this moment.
        gave_up: what a job raises whose workers died several times (as often as Dask's `allowed-failures` says).
    """

    executor: Executor
    size: Callable[[], int]
    gave_up: type[Exception]


def check_installed() -> None:
    """Refuse to go on without Dask.

    Raises:
        ValueError: if it is not installed.
    """
    if find_spec("distributed") is None:
        raise ValueError("--scheduler needs Dask: pip install 'cmr-ssl[cluster]', here and where the workers run")


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
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
            yield Cluster(client.get_executor(pure=False), lambda: sum(client.nthreads().values()), KilledWorker)
        except (CancelledError, OSError) as error:
            raise ClusterTrouble(f"the cluster at {address} broke off ({type(error).__name__} {error})") from error
        except (ImportError, RuntimeError) as error:
            message = f"the cluster at {address} lacks something: install the same cmr-ssl there as here ({error})"
            raise ClusterTrouble(message) from error


def on_shared_disk(folders: tuple[Path, ...], work: Callable[[Job], Result], job: Job) -> Result:
    """Do a job where the folders can be seen; elsewhere every subject would look as if its files were missing.

    Raises:
        ClusterTrouble: if one cannot be seen.
    """
    for folder in folders:
        if not folder.is_dir():
            raise ClusterTrouble(f"the worker on {gethostname()} does not see {folder}: use a disk that all share")
    return work(job)
