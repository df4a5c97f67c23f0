"""The cohort as Lightning sees it: splits by subject, uint8 planes to the device, scaling and augmentation there."""

import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from lightning import LightningDataModule
from lightning.pytorch.trainer.states import TrainerFn

from cmr_ssl.cohort.cohort_table import read_cohort
from cmr_ssl.cohort.phenotypes import TableReader
from cmr_ssl.cohort.splits import SPLITS, Fractions, Split, split_cohort
from cmr_ssl.cohort.subjects import check_files, first_subjects, planes_of, usable, warn_of_unused_slices
from cmr_ssl.cohort.synthetic import is_synthetic
from cmr_ssl.cohort.withdrawal import read_withdrawn
from cmr_ssl.data.augment import Augmentation, augmented
from cmr_ssl.data.dataset import PlaneDataset, Shape, check_least, check_views, room_for, sample_shape
from cmr_ssl.data.loader import PlaneLoader
from cmr_ssl.data.out_of_distribution import training_distribution
from cmr_ssl.data.sampler import EvaluationSampler, TrainingLoader, TrainingSampler
from cmr_ssl.data.transfer import transferred
from cmr_ssl.preparation.cache import read_method, read_preparation
from cmr_ssl.preparation.policy import NOTHING_REJECTED, read_rejected, without
from cmr_ssl.sample import Sample, intensities
from cmr_ssl.seeds import subject_seeds

log = logging.getLogger(__name__)

NEEDED: dict[str, tuple[Split, ...]] = {"fit": ("train", "val"), "validate": ("val",), "test": ("test",)}  # by stage


class CineDataModule(LightningDataModule):
    """Prepared cine planes, split by subject.

    Attributes:
        subjects: ids of each split after `setup`.
        shape: (P, T, H, W) of a sample after `setup`.
        least_planes: planes of the training subject that has the fewest of `views`, after `setup`.
        preparation: what the cache was prepared with, after `setup`.
        synthetic: whether all its hearts are, after `setup`.
        usual: what studies of the training split look like, after `setup` for training; see `data.usual`.
        phenotypes: what samples carry beside images, a row a subject, after `setup`: what the task reads in the table.
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
        table: str | None = None,
        train_subjects: int | None = None,
        findings: str | None = None,
        withdrawn: str | None = None,
        seed: int = 0,
    ) -> None:
        """Note where the cohort lies; it is opened in `setup`.

        Args:
            cache: folder made by `python -m cmr_ssl prepare`.
            views: planes a sample has room for, per view; their order is the order of the planes.
            batch_size: subjects a batch, on each device.
            workers: threads that read, each a batch; 0 to read when a batch is due.
            min_planes: subjects with fewer planes in `views` are set aside.
            fractions: of train, val and test, drawn by a stable hash of the subject.
            split_column: column of the cohort table, or of `table`, to split by instead.
            augmentation: applied in training; None for none.
            labels: whether samples carry label maps.
            table: CSV, TSV or parquet file with the phenotypes that a task asks for, one row a subject.
            train_subjects: how many subjects of the training split are used, few being among more; None for all.
            findings: table of `python -m cmr_ssl qc`; subjects and planes its policy rejects are left out.
            withdrawn: text or CSV file of participants who withdrew and are left out.
            seed: of the choice of `train_subjects`, of the order of subjects and of the augmentation.

        Raises:
            ValueError: if a view is unknown or a number makes no sense.
        """
        super().__init__()
        check_views(views)
        check_least("batch_size", batch_size, 1)
        check_least("workers", workers, 0)
        check_least("min_planes", min_planes, 1)
        check_least("train_subjects", 1 if train_subjects is None else train_subjects, 1)
        self.cache, self.views, self.batch_size, self.workers = Path(cache), views, batch_size, workers
        self.min_planes, self.fractions, self.split_column = min_planes, fractions, split_column
        self.augmentation, self.labels, self.seed = augmentation, labels, seed
        self.table, self.train_subjects = Path(table) if table else None, train_subjects
        self.findings, self.withdrawn = Path(findings) if findings else None, withdrawn
        self.rejected = NOTHING_REJECTED
        self.preparation, self.usual, self.synthetic = dict[str, Any](), dict[str, Any](), False
        self.method = 0
        self.shape: Shape = (0, 0, 0, 0)
        self.least_planes = min_planes
        self.subjects, self.needed = dict[Split, list[str]](), tuple[Split, ...]()
        self.phenotypes = pd.DataFrame()
        self.loader: TrainingLoader | None = None
        self.progress: dict[str, int] = {}

    def setup(self, stage: str) -> None:
        """Open the cohort, list the subjects of each split, and read of them what the task wants to know.

        Raises:
            FileNotFoundError: if there is no complete prepared cache, or no table where one is named.
            ValueError: if a split that `stage` needs has too few subjects, or no labels where labels are asked for.
        """
        self.preparation, self.synthetic = read_preparation(self.cache), is_synthetic(self.cache)
        self.method = read_method(self.cache)
        self.shape = sample_shape(self.preparation, self.views)
        self.rejected = read_rejected(self.findings) if self.findings else NOTHING_REJECTED
        kept = without(read_cohort(self.cache, read_withdrawn(self.withdrawn)), self.rejected)
        cohort = usable(kept, self.views, self.min_planes, self.preparation["frames"])
        split = split_cohort(cohort, self.fractions, self.split_column, self.table)
        self.subjects = {name: sorted(cohort["subject"][split == name]) for name in SPLITS}
        self.needed = NEEDED.get(TrainerFn(stage).value, ())
        self.subjects["train"] = first_subjects(self.subjects["train"], self.train_subjects, self.seed)
        trained = cohort[cohort["subject"].isin(self.subjects["train"])]
        self.least_planes = int(planes_of(trained, self.views).min()) if len(trained) else self.min_planes
        self.phenotypes = pd.DataFrame(index=sorted(cohort["subject"]))
        log.info("subjects: %s", ", ".join(f"{len(subjects)} {name}" for name, subjects in self.subjects.items()))
        self.check_counts(TrainerFn(stage).value)
        check_files(self.cache, {split: self.subjects[split] for split in self.needed})
        if "train" in self.needed:
            self.usual = training_distribution(self.cache, self.subjects["train"], self.seed)
        if not (self.labels and "test" in self.needed):  # such a test uses them all
            warn_of_unused_slices(cohort[split.isin(self.needed)], self.views)
        if self.labels:
            self.check_labelled({*cohort["subject"][cohort["labelled"].astype(bool)]})
        task: object = self.trainer.lightning_module if self.trainer else None
        if isinstance(task, TableReader):
            self.carry(task)

    def check_counts(self, stage: str) -> None:
        """Raise in one sentence where `stage` has too few subjects; see `setup`."""
        for split in self.needed:
            count, least = len(self.subjects[split]), self.least_training() if split == "train" else 1
            if count < least:
                raise ValueError(
                    f"{count} subjects in the {split} split of {self.cache}, but {stage} needs at least {least}: "
                    "prepare more subjects, or change data.batch_size, data.fractions, data.min_planes or "
                    "data.train_subjects"
                )

    def least_training(self) -> int:
        """Return how many training subjects there must be: a batch on each device, and as many as were asked for."""
        return max(self.ranks * self.batch_size, self.train_subjects or 1)

    def check_labelled(self, labelled: set[str]) -> None:
        """Raise in one sentence where a split in use has no subject among `labelled`; see `setup`."""
        for split in self.needed:
            if labelled.isdisjoint(self.subjects[split]):
                raise ValueError(
                    f"none of the {len(self.subjects[split])} {split} subjects of {self.cache} has a label map: "
                    "prepare subjects with label maps, or leave out data.labels"
                )

    def carry(self, reader: TableReader) -> None:
        """Let the samples of all splits carry what `reader` makes of the table.

        Raises:
            FileNotFoundError: if the table is missing.
            ValueError: if no table was named, or `reader` cannot use it.
        """
        self.phenotypes = reader.read_table(self.table_file(), list(self.phenotypes.index))

    def in_use(self) -> dict[Split, pd.DataFrame]:
        """Return what samples carry, a row a subject, of each split that this stage needs."""
        return {split: self.phenotypes.loc[self.subjects[split]] for split in self.needed}

    def table_file(self) -> Path:
        """Return where the phenotypes are, or raise ValueError."""
        if self.table is None:
            raise ValueError("phenotypes need a table: --data.table FILE")
        return self.table

    def dataset(self, subjects: list[str], views: dict[str, int] | None = None) -> PlaneDataset:
        """Return the samples of `subjects`, in this order, with room for other `views` than in training if given."""
        views, phenotypes = views or self.views, self.phenotypes.loc[subjects].to_numpy(np.float32)
        shape = sample_shape(self.preparation, views)
        return PlaneDataset(self.cache, subjects, views, shape, self.labels, phenotypes, self.rejected.places)

    def train_dataloader(self) -> TrainingLoader:
        """Return the training loader."""
        dataset = self.dataset(self.subjects["train"])
        sampler = TrainingSampler(dataset, self.ranks, self.rank, self.seed)
        loader = TrainingLoader(dataset, self.batch_size, self.workers, sampler, drop_last=True)
        if self.progress:
            loader.load_state_dict(self.progress)
        self.loader = loader
        return loader

    def val_dataloader(self) -> PlaneLoader:
        """Return the validation loader."""
        return self.evaluation_loader("val")

    def test_dataloader(self) -> PlaneLoader:
        """Return the test loader."""
        return self.evaluation_loader("test")

    def evaluation_loader(self, *splits: Split) -> PlaneLoader:
        """Return a loader that shows every subject of `splits` once."""
        subjects = sorted(subject for split in splits for subject in self.subjects[split])
        whole = self.labels and "test" in splits  # a slice left out would be missing from the volumes
        room = room_for(self.cache, subjects, self.views, self.rejected.places) if whole else self.views
        sampler = EvaluationSampler(dataset := self.dataset(subjects, room), self.ranks, self.rank)
        return PlaneLoader(dataset, self.batch_size, self.workers, sampler)

    @property
    def ranks(self) -> int:
        """Number of processes that train together."""
        return self.trainer.world_size if self.trainer else 1

    @property
    def rank(self) -> int:
        """This process among `ranks`."""
        return self.trainer.global_rank if self.trainer else 0

    def transfer_batch_to_device(self, batch: Sample, device: torch.device, dataloader_idx: int) -> Sample:
        """Copy a batch to the device, beside what that computes."""
        return transferred(batch, device)

    def on_after_batch_transfer(self, batch: Sample, dataloader_idx: int) -> Sample:
        """Scale to 0..1 on the device and, in training, augment."""
        if self.trainer and self.trainer.training:
            return self.augmented(batch, self.trainer.current_epoch)
        return self.scaled(batch)

    def scaled(self, batch: Sample) -> Sample:
        """Return a batch with intensities 0 to 1."""
        return batch._replace(images=intensities(batch.images))

    def augmented(self, batch: Sample, *parts: object) -> Sample:
        """Return a batch, scaled and as augmentation makes it; what is drawn depends on seed, subject and `parts`."""
        if self.augmentation is None:
            return self.scaled(batch)
        seeds = subject_seeds(batch.subject, self.seed, "augmentation", *parts)
        return augmented(self.augmentation, batch, seeds, labels=self.labels)

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint must tell about its data: how they are made and look, progress; never ids or paths.

        Lightning restores the state of a loader only if nobody asked for the number of steps before, which every
        schedule does; it restores that of a data module always.
        """
        limit = self.trainer.num_training_batches if self.trainer else math.inf
        progress = self.loader.state_dict(limit) if self.loader else self.progress
        split: dict[str, Any] = {"fractions": list(self.fractions), "column": self.split_column}
        if self.train_subjects is not None:  # older checkpoints do not tell
            split |= {"train_subjects": self.train_subjects, "seed": self.seed}
        state = {"views": self.views, "preparation": self.preparation, "split": split, "progress": progress}
        return state | {"synthetic": self.synthetic, "usual": self.usual, "method": self.method}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on where the checkpoint stopped.

        Raises:
            ValueError: if the data were prepared otherwise, naming what differs.
        """
        training = not self.trainer or self.trainer.state.fn == TrainerFn.FITTING
        own = self.state_dict()
        for name in ("views", "preparation", "split") if training else ("views", "preparation"):
            if state[name] != own[name]:
                raise ValueError(
                    f"the checkpoint was trained with {name} {state[name]}, but {self.cache} and this config have "
                    f"{own[name]}: go on with the same data, or start a new run"
                )
        self.progress = state["progress"]
