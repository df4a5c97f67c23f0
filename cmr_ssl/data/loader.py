"""Batches read ahead by threads.

Reading a prepared study is copying bytes, for which Python's lock is not needed. So threads read as fast as processes
would, and what processes cost besides is saved: a second copy and fresh pages of shared memory for every batch, which
bound them, and a /dev/shm of some size.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import torch
from torch.utils.data import DataLoader, Sampler

from cmr_ssl.data.dataset import PlaneDataset
from cmr_ssl.sample import Sample

A = TypeVar("A")
B = TypeVar("B")


class PlaneLoader(DataLoader[Sample]):
    """Batches of a `PlaneDataset`, each read in one piece into memory from which a GPU copies without waiting."""

    dataset: PlaneDataset

    def __init__(
        self,
        dataset: PlaneDataset,
        batch_size: int = 1,
        workers: int = 0,
        sampler: Sampler[int] | None = None,
        drop_last: bool = False,
    ) -> None:
        """Say which batches.

        Args:
            dataset: what is read.
            batch_size: subjects a batch.
            workers: threads that read, each a batch; 0 to read when a batch is asked for.
            sampler: the order; None for that of the data set.
            drop_last: whether a last batch that is not full is left out.
        """
        super().__init__(dataset, batch_size, sampler=sampler, drop_last=drop_last)
        self.workers = workers

    def __iter__(self) -> Generator[Sample]:  # type: ignore[override]  # a generator does what loops need
        """Yield the batches in order."""
        read = partial(self.dataset.batch, pinned=torch.cuda.is_available())
        return in_order(read, self.batch_sampler, self.workers)  # type: ignore[arg-type]  # there is one, of a size


def in_order(work: Callable[[A], B], items: Iterable[A], workers: int) -> Generator[B]:
    """Yield the result of each item in order; `workers` threads are at most one item each ahead, and one more.

    What a thread raises is raised where its result is due.
    """
    if workers == 0:
        yield from map(work, items)
        return
    pool, ahead = ThreadPoolExecutor(workers, "read"), deque[Future[B]]()
    try:
        for item in items:
            ahead.append(pool.submit(work, item))
            if len(ahead) > workers:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
