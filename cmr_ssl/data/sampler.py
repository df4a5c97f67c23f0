"""Which subject comes when: seeded, split over ranks, and able to go on in the middle of an epoch."""

import math
from collections.abc import Iterator
from itertools import islice

from torch.utils.data import DistributedSampler

from cmr_ssl.data.dataset import PlaneDataset
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.sample import Sample
from cmr_ssl.seeds import seed_of


class TrainingSampler(DistributedSampler[int]):
    """A new order every epoch, the same for the same seed; drops what does not fill all ranks.

    Ranks take turns, so N ranks with batches of b see in each step what one process with batches of N b would see.
    """

    def __init__(self, dataset: PlaneDataset, ranks: int, rank: int, seed: int) -> None:
        """Split `dataset` over `ranks`; torch adds the epoch to the seed, so neighbouring seeds are kept apart."""
        super().__init__(dataset, ranks, rank, shuffle=True, seed=seed_of(seed, "order") % 2**31, drop_last=True)
        self.given_seed = seed
        self.start = 0

    def __iter__(self) -> Iterator[int]:
        """Yield the indices of this rank from `start` on; the next epoch starts from zero again."""
        start, self.start = self.start, 0
        return islice(super().__iter__(), start, None)


class EvaluationSampler(DistributedSampler[int]):
    """Every subject once, in order; ranks are filled up with the index of the blank sample, which nobody counts."""

    def __init__(self, dataset: PlaneDataset, ranks: int, rank: int) -> None:
        """Split `dataset` over `ranks`."""
        super().__init__(dataset, ranks, rank, shuffle=False)
        self.blank = len(dataset)

    def __iter__(self) -> Iterator[int]:
        """Yield the indices of this rank."""
        return (min(index, self.blank) for index in range(self.rank, self.total_size, self.num_replicas))


class TrainingLoader(PlaneLoader):
    """A loader that remembers how far it is, so that Lightning resumes in the middle of an epoch."""

    sampler: TrainingSampler
    batches = 0

    def __iter__(self) -> Iterator[Sample]:  # type: ignore[override]  # as in the base
        """Yield batches and count them."""
        self.batches = self.sampler.start // (self.batch_size or 1)
        for batch in super().__iter__():
            self.batches += 1
            yield batch

    def state_dict(self, limit: float = math.inf) -> dict[str, int]:
        """Return the epoch, the batches of it that were handed out, and what their order depends on.

        Args:
            limit: batches after which the trainer ends an epoch, however many there are.
        """
        length = int(min(len(self), limit))
        return {"epoch": self.sampler.epoch, "batches": self.batches, "length": length, **self.order()}

    def order(self) -> dict[str, int]:
        """Return what decides which subjects are in a batch."""
        return {
            "data.batch_size": self.batch_size or 1,
            "data.seed": self.sampler.given_seed,
            "number of devices": self.sampler.num_replicas,
        }

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Go on after the batches of `state`; a finished epoch means the start of the next.

        Raises:
            ValueError: if the epoch is not finished, but batches are made otherwise now.
        """
        finished = state["batches"] >= state["length"]
        differ = [name for name, value in self.order().items() if state[name] != value]
        if differ and not finished:
            raise ValueError(
                f"this run stopped in the middle of an epoch with {differ[0]} {state[differ[0]]}, now it is "
                f"{self.order()[differ[0]]}: finish the epoch with the same value"
            )
        self.sampler.set_epoch(state["epoch"] + finished)
        self.sampler.start = 0 if finished else state["batches"] * (self.batch_size or 1)
