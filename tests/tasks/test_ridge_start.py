from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from lightning import Callback
from torch.utils.data import DataLoader

from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.masking import PlaneDropout, RandomMasking
from cmr_ssl.models import LandmarkPooling
from cmr_ssl.streamed_ridge import FOLD
from cmr_ssl.tasks import PhenotypeTask, RidgeStart
from cmr_ssl.tasks.ridge_start import Start, collect_features, copies_features
from tests.tasks.test_phenotype import fit
from tests.tiny import tiny_encoder

TARGETS = ["LVEDV (mL)", "LVEF (%)"]
POOLING = partial(LandmarkPooling, beats=2)


@pytest.fixture(scope="module")
def data(hearts):
    views = {"la_2ch": 1, "la_3ch": 1, "la_4ch": 1, "sa": 12}
    table = str(hearts / "cohort" / "phenotypes.csv")
    data = CineDataModule(str(hearts / "cache"), views, 2, 0, fractions=(0.5, 0.25, 0.25), table=table)
    data.setup("fit")
    return data


def learn_spread(task, data):
    """Do what the data module and the task do in their setup."""
    data.carry(task)
    task.objective.fit_statistics(data.in_use()["train"].to_numpy(), TARGETS)


def started(data, ckpt_path=None, freeze="encoder"):
    """Return a task whose trainer is about to fit."""
    task = PhenotypeTask(TARGETS, encoder=tiny_encoder(), pooling=POOLING, freeze=freeze)
    learn_spread(task, data)
    task.trainer = SimpleNamespace(
        ckpt_path=ckpt_path,
        current_epoch=0,
        datamodule=data,
        is_global_zero=True,
        precision_plugin=SimpleNamespace(forward_context=nullcontext),
        strategy=SimpleNamespace(broadcast=lambda start: start),
    )
    task.on_fit_start()
    task.on_train_start()  # all that a run resumed in mid-epoch is told
    return task


@torch.no_grad()
def errors(task, data):
    """Return the mean absolute error over the training subjects, (K,), in training mode."""
    dataset = data.dataset(data.subjects["train"])
    batches = [batch._replace(images=batch.images.float() / 255) for batch in DataLoader(dataset, 2)]
    predicted = torch.cat([task.objective.predict(task(batch)) for batch in batches])
    return np.abs(predicted.numpy() - np.concatenate([batch.phenotypes for batch in batches])).mean(axis=0)


@pytest.fixture
@torch.no_grad()
def told(data, tmp_path, monkeypatch):
    """Return the data with targets that rise and fall along the direction in which features differ most.

    A second direction of so few subjects cannot be told from the others, which ridge regression rightly refuses.
    """
    task = PhenotypeTask(TARGETS, encoder=tiny_encoder(), pooling=POOLING)
    learn_spread(task, data)
    features = collect_features(data, task, first_subjects(data.subjects["train"], 99), 0)[0][:, 0]
    direction = torch.linalg.svd((features - features.mean(dim=0)) / (features.std(dim=0) + 1e-5))[0][:, :1]
    table = pd.read_csv(data.table, dtype={"eid": str}).set_index("eid")
    table.loc[first_subjects(data.subjects["train"], 99), TARGETS] = 60 + 20 * direction.numpy() * [1, -1]
    table.to_csv(tmp_path / "told.csv")
    monkeypatch.setattr(data, "table", tmp_path / "told.csv")
    data.carry(task)
    return data


def test_training_starts_better_than_the_mean_of_its_subjects(told):
    values = told.in_use()["train"].to_numpy()
    trivial = np.abs(values - values.mean(axis=0)).mean(axis=0)
    assert (errors(started(told), told) < 0.1 * trivial).all()
    assert (errors(started(told, ckpt_path="last"), told) > 0.9 * trivial).any(), "a resumed training keeps its own"
    scratch = started(told, freeze=0)
    assert scratch.centre.training
    assert scratch.centre.running_mean.count_nonzero() == 0, "an encoder from scratch moves too fast"


def test_what_centres_the_features_is_the_same_alone_and_in_a_batch(data):
    task = started(data)
    assert task.training
    task.linear(task.centre(torch.randn(1, task.pooling.width)))  # a batch of one has no statistics of its own
    before = task.centre.running_mean.clone()
    task.centre(torch.randn(4, task.pooling.width))
    assert torch.equal(task.centre.running_mean, before)


def test_each_copy_of_a_subject_hides_other_planes(data):
    rules = [RandomMasking(), PlaneDropout(0.5)]
    task = PhenotypeTask(TARGETS, encoder=tiny_encoder(), pooling=POOLING, masking=rules, mask_ratio=0.8)
    learn_spread(task, data)
    batch = next(iter(DataLoader(data.dataset(data.subjects["train"]), 2)))
    planes: list[set[int]] = []

    def keep(encoded):
        planes.append({round(float(height)) for height in encoded.where.centre[0, :, 2]})
        return POOLING(task.encoder)(encoded)

    task.pooling.forward = keep
    features, _ = copies_features(data, task, batch, copies=3)
    assert features.shape[:2] == (2, 4)
    assert len({tuple(sorted(some)) for some in planes[1:]}) == 3
    again, _ = copies_features(data, task, batch, copies=3)
    assert torch.equal(features, again)


def test_rows_for_one_subject_are_too_few():
    with pytest.raises(ValueError, match="2 or more subjects with their copies, got 4 copies and 9 rows"):
        RidgeStart(copies=4, rows=9)


@pytest.mark.parametrize(("subjects", "copies"), [(2, 16), (301, 16), (302, 15), (800, 5), (1024, 4), (70_000, 4)])
def test_of_more_subjects_there_are_fewer_copies_but_enough(subjects, copies):
    assert RidgeStart().copies_of(subjects) == copies
    assert RidgeStart(copies=1).copies_of(subjects) == 1


@torch.no_grad()
def test_more_subjects_than_fit_are_all_used_and_counted(told):
    task = PhenotypeTask(TARGETS, encoder=tiny_encoder(), pooling=POOLING, freeze="encoder")
    learn_spread(task, told)
    everybody = told.subjects["train"]
    assert len(everybody) >= FOLD
    looked: list[str] = []
    said: list[str] = []
    dataset = told.dataset
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cmr_ssl.tasks.ridge_start.rank_zero_info", said.append)
        patch.setattr(told, "dataset", lambda subjects: looked.extend(subjects) or dataset(subjects))
        start = RidgeStart(copies=1, rows=4).solve(told, task)
    assert sorted(looked) == everybody
    assert [line.partition(" take")[0] for line in said[:2]] == [
        "Ridge start: 2 subjects",
        f"Ridge start: {len(everybody) - 2} subjects",
    ]
    assert said[2].endswith(f"solved on {len(everybody)} subjects, each as it is and in 1 copies")
    assert start.weights.isfinite().all()
    assert start.weights.shape == (2, task.pooling.width)


@dataclass(frozen=True)
class Own(RidgeStart):
    """Solves alone, and each process finds something else."""

    def solve(self, data, task):
        found = torch.full((1, task.pooling.width), 1.0 + data.trainer.global_rank)
        return Start(found[0], found[0], found, found[0, :1])


class Keeper(Callback):
    """Write what each process starts with to ``FOLDER/RANK.pt``."""

    def __init__(self, folder):
        self.folder = folder

    def on_train_start(self, trainer, task):
        torch.save(task.state_dict(), self.folder / f"{trainer.global_rank}.pt")


def test_processes_that_train_together_start_with_the_solution_of_the_first(tmp_path):
    task = PhenotypeTask(["LVEF (%)"], encoder=tiny_encoder(), freeze="encoder", head_start=Own())
    fit(task, tmp_path, 1, [Keeper(tmp_path)], devices=2, strategy="ddp_fork", use_distributed_sampler=False)
    first, second = (torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in (0, 1))
    for name in ("linear.weight", "linear.bias", "centre.running_mean", "centre.running_var"):
        assert (first[name] == 1).all(), name
        assert torch.equal(first[name], second[name]), name
