"""The head of phenotypes, on features that a test makes up."""

import numpy as np
import pytest
import torch
from lightning import LightningDataModule, Trainer
from torch.utils.data import DataLoader

from cmr_ssl.tasks.objectives import Regression
from cmr_ssl.tasks.optimisation import Optimisation
from cmr_ssl.tasks.phenotype import PhenotypePrediction
from tests.tiny import tiny_batch

FEATURES, SUBJECTS, BATCH = 30_000, 24, 8  # as many features as landmarks make


class MadeUp(PhenotypePrediction):
    """Knows the features of every subject, nearly the same for all of them, as those of hearts are."""

    def __init__(self) -> None:
        super().__init__(["LVEF (%)"], Regression(), Optimisation(1e-6), FEATURES)
        generator = torch.Generator().manual_seed(0)
        self.known = 3 + 0.01 * torch.randn(SUBJECTS, FEATURES, generator=generator)
        self.moved = torch.nn.Parameter(torch.zeros(()))

    def features(self, batch):
        return self.known[[int(subject) for subject in batch.subject]] + self.moved


class Cohort(LightningDataModule):
    """Subjects 0, 1, ... with a phenotype each; every rank of a run sees another part of them."""

    batch_size = BATCH

    def use_targets(self, targets):
        return np.arange(SUBJECTS, dtype=np.float32)[:, None]

    def loader(self):
        mine = [*range(self.trainer.global_rank, SUBJECTS, self.trainer.world_size)]
        return DataLoader(mine, self.batch_size // self.trainer.world_size, collate_fn=batch_of)

    train_dataloader = val_dataloader = loader


def batch_of(subjects):
    """Return what a batch of these subjects must hold for this task."""
    blank = tiny_batch(len(subjects), slices=0)
    return blank._replace(subject=[*map(str, subjects)], phenotypes=torch.tensor(subjects)[:, None].float())


def fit(folder, steps, callbacks=(), **options):
    """Train on the made-up features and return the task."""
    task = MadeUp()
    quiet = {name: False for name in ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")}
    trainer = Trainer(
        accelerator="cpu", max_steps=steps, num_sanity_val_steps=0, default_root_dir=folder, callbacks=[*callbacks],
        **quiet, **options,
    )  # fmt: skip
    trainer.fit(task, datamodule=Cohort())
    return task


def test_a_new_head_says_what_is_usual_before_it_has_learnt():
    task = MadeUp().train()
    assert torch.equal(task(batch_of([0, 1, 2])), torch.zeros(3, 1))
