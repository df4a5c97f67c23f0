"""The cohort as Lightning sees it: splits by subject, uint8 planes to the device, scaling and augmentation there."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from lightning import LightningDataModule
from lightning.pytorch.trainer.states import TrainerFn
from torch.utils.data import DataLoader

from cmr_ssl.data.augment import Augmentation
from cmr_ssl.data.cache import read_preparation
from cmr_ssl.data.cohort import read_cohort
from cmr_ssl.data.dataset import PlaneDataset, Shape
from cmr_ssl.data.sample import Sample
from cmr_ssl.data.sampling import EvaluationSampler, TrainingLoader, TrainingSampler
from cmr_ssl.data.splits import SPLITS, Fractions, Split, split_cohort
from cmr_ssl.planes import SHORT_AXIS, VIEWS
from cmr_ssl.seeds import subject_seeds

log = logging.getLogger(__name__)


class CineDataModule(LightningDataModule):
    """Prepared cine planes, split by subject.

    Attributes:
        subjects: ids of each split after `setup`.
        shape: (P, T, H, W) of a sample after `setup`.
        preparation: what the cache was prepared with, after `setup`.
    """

    def __init__(
        self,
        cache: str,
        views: dict[str, int],
        batch_size: int = 8,
        workers: int = 2,
        min_planes: int = 1,
        fractions: Fractions = (0.8, 0.1, 0.1),
        split_column: str | None = None,
        augmentation: Augmentation | None = None,
        labels: bool = False,
        seed: int = 0,
    ) -> None:
        """Note where the cohort lies; it is opened in `setup`.

        Args:
            cache: folder made by `python -m cmr_ssl prepare`.
            views: planes a sample has room for, per view; their order is the order of the planes.
            batch_size: subjects a batch, on each device.
            workers: processes that read.
            min_planes: subjects with fewer planes in `views` are set aside.
            fractions: of train, val and test, drawn by a stable hash of the subject.
            split_column: column of the cohort table to split by instead.
            augmentation: applied in training; None for none.
            labels: whether samples carry label maps.
            seed: of the order of subjects and of the augmentation.

        Raises:
            ValueError: if a view is unknown or a number makes no sense.
        """
        super().__init__()
        check_views(views)
        least_values = (("batch_size", batch_size, 1), ("workers", workers, 0), ("min_planes", min_planes, 1))
        for name, value, least in least_values:
            if value < least:
                raise ValueError(f"data.{name} must be at least {least}, got {value}")
        self.cache, self.views, self.batch_size, self.workers = Path(cache), views, batch_size, workers
        self.min_planes, self.fractions, self.split_column = min_planes, fractions, split_column
        self.augmentation, self.labels, self.seed = augmentation, labels, seed
        self.preparation: dict[str, Any] = {}
        self.shape: Shape = (0, 0, 0, 0)
        self.subjects: dict[Split, list[str]] = {}
        self.loader: TrainingLoader | None = None
        self.progress: dict[str, int] = {}

    def setup(self, stage: str) -> None:
        """Open the cohort and list the subjects of each split.

        Raises:
            FileNotFoundError: if there is no complete prepared cache.
            ValueError: if a split that `stage` needs has too few subjects.
        """
        self.preparation = read_preparation(self.cache)
        self.shape = sample_shape(self.preparation, self.views)
        cohort = usable(read_cohort(self.cache), self.views, self.min_planes)
        split = split_cohort(cohort, self.fractions, self.split_column)
        self.subjects = {name: sorted(cohort["subject"][split == name]) for name in SPLITS}
        counts = {name: len(subjects) for name, subjects in self.subjects.items()}
        log.info("subjects: %s", ", ".join(f"{count} {name}" for name, count in counts.items()))
        self.check_counts(TrainerFn(stage).value, counts)

    def check_counts(self, stage: str, counts: dict[Split, int]) -> None:
        """Raise in one sentence where `stage` has too few subjects; see `setup`."""
        ranks = self.trainer.world_size if self.trainer else 1
        needs: dict[str, dict[Split, int]] = {
            "fit": {"train": ranks * self.batch_size, "val": 1},
            "validate": {"val": 1},
            "test": {"test": 1},
        }
        for split, least in needs.get(stage, {}).items():
            if counts[split] < least:
                raise ValueError(
                    f"{counts[split]} subjects in the {split} split of {self.cache}, but {stage} needs at least "
                    f"{least}: prepare more subjects, or change data.batch_size, data.fractions or data.min_planes"
                )

    def dataset(self, subjects: list[str]) -> PlaneDataset:
        """Return the samples of `subjects`, in this order."""
        return PlaneDataset(self.cache, subjects, self.views, self.shape, self.labels)

    def train_dataloader(self) -> TrainingLoader:
        """Return the training loader."""
        dataset = self.dataset(self.subjects["train"])
        sampler = TrainingSampler(dataset, self.ranks, self.rank, self.seed)
        loader = TrainingLoader(
            dataset, batch_size=self.batch_size, sampler=sampler, drop_last=True, **self.process_options()
        )
        if self.progress:
            loader.load_state_dict(self.progress)
        self.loader = loader
        return loader

    def val_dataloader(self) -> DataLoader[Sample]:
        """Return the validation loader."""
        return self.evaluation_loader("val")

    def test_dataloader(self) -> DataLoader[Sample]:
        """Return the test loader."""
        return self.evaluation_loader("test")

    def predict_dataloader(self) -> DataLoader[Sample]:
        """Return a loader of all splits."""
        return self.evaluation_loader(*SPLITS)

    def evaluation_loader(self, *splits: Split) -> DataLoader[Sample]:
        """Return a loader that shows every subject of `splits` once."""
        dataset = self.dataset(sorted(subject for split in splits for subject in self.subjects[split]))
        sampler = EvaluationSampler(dataset, self.ranks, self.rank)
        return DataLoader(dataset, batch_size=self.batch_size, sampler=sampler, **self.process_options())

    def process_options(self) -> dict[str, Any]:
        """Return how loaders read: pinned for the device, workers kept between epochs."""
        return {
            "num_workers": self.workers,
            "persistent_workers": self.workers > 0,
            "pin_memory": torch.cuda.is_available(),
        }

    @property
    def ranks(self) -> int:
        """Number of processes that train together."""
        return self.trainer.world_size if self.trainer else 1

    @property
    def rank(self) -> int:
        """This process among `ranks`."""
        return self.trainer.global_rank if self.trainer else 0

    def on_after_batch_transfer(self, batch: Sample, dataloader_idx: int) -> Sample:
        """Scale to 0..1 on the device and, in training, augment; what is drawn depends on seed, epoch and subject."""
        batch = batch._replace(images=batch.images.float().div_(255))
        if self.augmentation is None or not (self.trainer and self.trainer.training):
            return batch
        seeds = subject_seeds(batch.subject, self.seed, "augmentation", self.trainer.current_epoch)
        draws = self.augmentation.draw(batch.images.shape[1], seeds).to(batch.images.device, non_blocking=True)
        images, affine = self.augmentation(batch.images, batch.affine, draws)
        return batch._replace(images=images, affine=affine)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must tell about its data: views, preparation, progress; never ids or paths.

        Lightning restores the state of a loader only if nobody asked for the number of steps before, which every
        schedule does; it restores that of a data module always.
        """
        progress = self.loader.state_dict() if self.loader else self.progress
        split = {"fractions": list(self.fractions), "column": self.split_column}
        return {"views": self.views, "preparation": self.preparation, "split": split, "progress": progress}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where the checkpoint stopped.

        Raises:
            ValueError: if the data were prepared otherwise, naming what differs.
        """
        training = not self.trainer or self.trainer.state.fn == TrainerFn.FITTING
        now_of = self.state_dict()
        for name in ("views", "preparation", "split") if training else ("views", "preparation"):
            now = now_of[name]
            if state[name] != now:
                raise ValueError(
                    f"the checkpoint was trained with {name} {state[name]}, but {self.cache} and this config have "
                    f"{now}: go on with the same data, or start a new run"
                )
        self.progress = state["progress"]


def sample_shape(preparation: Mapping[str, Any], views: Mapping[str, int]) -> Shape:
    """Return (P, T, H, W) of samples with room for `views`, of planes that went through `preparation`."""
    return sum(views.values()), preparation["frames"], preparation["size"], preparation["size"]


def check_views(views: dict[str, int]) -> None:
    """Raise ValueError unless `views` names known views with at least one plane each."""
    if not views:
        raise ValueError(f"data.views names no view; it may name {', '.join(VIEWS)}")
    for name, count in views.items():
        if name not in VIEWS:
            raise ValueError(f"data.views names {name!r}; known views are {', '.join(VIEWS)}")
        if count < 1:
            raise ValueError(f"data.views gives {name} {count} planes; leave the view out instead")


def usable(cohort: pd.DataFrame, views: dict[str, int], min_planes: int) -> pd.DataFrame:
    """Return the rows with a whole beat and enough planes, and say how many were set aside and why."""
    readable = cohort[cohort["status"] != "rejected"]
    whole = readable[readable["cine"].astype(bool)]
    enough = whole[planes_of(whole, views) >= min_planes]
    for count, why in (
        (len(cohort) - len(readable), "rejected in preparing"),
        (len(readable) - len(whole), "without a whole beat"),
        (len(whole) - len(enough), f"with fewer than {min_planes} planes in {', '.join(views)}"),
    ):
        if count:
            log.warning("set aside %d subjects %s", count, why)
    return enough


def planes_of(cohort: pd.DataFrame, views: dict[str, int]) -> "pd.Series[int]":
    """Count the planes of each subject that find a slot."""
    names = cohort["views"].str.split(",")
    count = cohort["sa_slices"].clip(upper=views.get(SHORT_AXIS, 0))
    for name in views:
        if name != SHORT_AXIS:
            count = count + names.map(lambda present, name=name: name in present).astype(int)
    return count
