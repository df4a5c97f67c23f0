"""Alignment on made-up hearts whose brightness is what their table says."""

import csv
import logging

import numpy as np
import pandas as pd
import pytest
import torch
from lightning import Callback, LightningDataModule, Trainer
from torch.utils.data import DataLoader

from cmr_ssl.masking import RandomMasking
from cmr_ssl.models import MeanPooling, TableEncoder
from cmr_ssl.tables import Category, Fields, Number, YesNo
from cmr_ssl.tasks import AlignmentTask, Optimisation
from cmr_ssl.tasks.aligned import aligned_fields, aligned_targets, warn_of_aligned_targets
from tests.caches import SETTINGS
from tests.tiny import tiny_batch, tiny_decoder, tiny_encoder

TRAIN, VAL, BATCH = 80, 32, 16
FIELDS = Fields(
    numbers=[Number("Brightness"), Number("Contrast")],
    yes_no=[YesNo("Ill")],
    categories=[Category("Kind", classes=["a", "b", "c"])],
    targets=["Ill"],
)


def tables(subjects):
    """Return what the tables of subjects say: two numbers, an illness that follows from them, and a kind."""
    values = np.random.default_rng(0).uniform(size=(TRAIN + VAL, 2))[subjects]
    kind = ["abc"[int(3 * one)] for one, _ in values]
    return pd.DataFrame(
        {"eid": subjects, "Brightness": values[:, 0], "Contrast": values[:, 1], "Ill": values[:, 0] > 0.5, "Kind": kind}
    )


class Cohort(LightningDataModule):
    """Subjects 0, 1, ...; every rank of a run sees another part of them."""

    shape, min_planes = tuple(tiny_batch(slices=2).images.shape[1:]), 5

    def __init__(self, folder, shuffled=False, batch=BATCH) -> None:
        super().__init__()
        self.path, self.batch = folder / "table.csv", batch
        subjects = {"train": range(TRAIN), "val": range(TRAIN, TRAIN + VAL)}
        self.subjects = {split: [f"{one:03d}" for one in ids] for split, ids in subjects.items()}
        table = tables(np.arange(TRAIN + VAL))
        if shuffled:
            table["eid"] = np.random.default_rng(1).permutation(table["eid"])
        table["eid"] = [f"{one:03d}" for one in table["eid"]]
        table.to_csv(self.path, index=False, quoting=csv.QUOTE_NONNUMERIC)

    def setup(self, stage):
        task = self.trainer.lightning_module
        self.phenotypes = task.read_table(self.path, self.subjects["train"] + self.subjects["val"])

    def in_use(self):
        return {split: self.phenotypes.loc[subjects] for split, subjects in self.subjects.items()}

    def state_dict(self):
        return {"views": {}, "split": {}, **SETTINGS}

    def loader(self, split):
        mine = [int(one) for one in self.subjects[split]][self.trainer.global_rank :: self.trainer.world_size]
        return DataLoader(mine, self.batch // self.trainer.world_size, collate_fn=self.batch_of)

    def train_dataloader(self):
        return self.loader("train")

    def val_dataloader(self):
        return self.loader("val")

    def batch_of(self, subjects):
        """Return hearts of which the short axis is as bright, and beats as much, as their table says."""
        single = [tiny_batch(1, slices=2, seed=one).images for one in subjects]
        batch = tiny_batch(len(subjects), slices=2)._replace(images=torch.cat(single))
        table = tables(np.array(subjects))
        bright, beats = (
            torch.tensor(table[name].to_numpy(), dtype=torch.float32) for name in ("Brightness", "Contrast")
        )
        wave = torch.sin(torch.linspace(0, 6.28, batch.images.shape[2]))[None, None, :, None, None]
        images = 0.1 * batch.images + bright[:, None, None, None, None] + beats[:, None, None, None, None] * wave
        names = [f"{one:03d}" for one in subjects]
        known = torch.tensor(self.phenotypes.loc[names].to_numpy(np.float32))
        return batch._replace(images=images, subject=names, phenotypes=known)


def aligner(**changes):
    """Return a task, the same every time."""
    made = {"field_dropout": 0.1, "optimisation": Optimisation(3e-3), "pooling": MeanPooling} | changes
    torch.manual_seed(0)
    encoder = tiny_encoder(depth=1)
    return AlignmentTask(FIELDS, [RandomMasking()], encoder, tiny_decoder(), table=small_table, width=16, **made)


def small_table(numbers, classes):
    return TableEncoder(numbers, classes, width=16, depth=1, heads=2)


def fit(task, data, folder, epochs, callbacks=(), **options):
    quiet = {name: False for name in ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")}
    trainer = Trainer(
        accelerator="cpu", max_epochs=epochs, num_sanity_val_steps=0, default_root_dir=folder, callbacks=[*callbacks],
        use_distributed_sampler=False, check_val_every_n_epoch=epochs, **quiet, **options,
    )  # fmt: skip
    trainer.fit(task, datamodule=data)
    return trainer


def test_images_find_the_tables_of_hearts_that_were_never_seen_and_a_permuted_table_destroys_it(tmp_path):
    found = {}
    for shuffled in (False, True):
        trainer = fit(aligner(), Cohort(tmp_path, shuffled), tmp_path, 12)
        found[shuffled] = {name: float(value) for name, value in trainer.callback_metrics.items()}
    chance = found[False]["val/top1_chance"]
    assert chance == pytest.approx(1 / VAL)
    for way in ("image_to_table", "table_to_image"):
        assert found[False][f"val/top5_{way}"] > 3 * 5 * chance
        assert found[True][f"val/top5_{way}"] < 2 * 5 * chance
    assert found[False]["val/loss_alignment"] < np.log(VAL) < found[True]["val/loss_alignment"] + 0.2


class Gradients(Callback):
    """Write the gradients of the first step of each process to ``FOLDER/RANK.pt`` and end."""

    def __init__(self, folder):
        self.folder = folder

    def on_before_optimizer_step(self, trainer, task, optimizer):
        gradients = {name: one.grad for name, one in task.named_parameters() if one.grad is not None}
        torch.save(gradients, self.folder / f"{trainer.global_rank}.pt")


@pytest.mark.parametrize("near", [0.0, 0.5])
def test_two_processes_have_the_gradients_of_one(tmp_path, near):
    """Every subject has the negatives of both, and gradients flow back through them."""
    kept = {}
    for count, options in ((1, {}), (2, {"devices": 2, "strategy": "ddp_fork"})):
        folder = tmp_path / str(count)
        folder.mkdir()
        task = aligner(reconstruction=0.5, near=near)
        fit(task, Cohort(tmp_path), tmp_path, 1, [Gradients(folder)], max_steps=1, limit_val_batches=0, **options)
        kept[count] = [torch.load(path, weights_only=True) for path in sorted(folder.iterdir())]
    (alone,), together = kept[1], kept[2]
    assert max(gradient.abs().max() for gradient in alone.values()) > 1e-3
    assert {"log_scale", "table.missing", "decoder.out.weight"} & alone.keys() >= {"log_scale", "table.missing"}
    for rank in together:
        assert rank.keys() == alone.keys()
        for name, gradient in alone.items():
            torch.testing.assert_close(rank[name], gradient, atol=1e-5, rtol=1e-3)


def test_the_target_cannot_be_read_from_what_images_are_aligned_with(tmp_path):
    seen = {}
    for flipped in (False, True):
        data, task = Cohort(tmp_path), aligner()
        if flipped:
            table = pd.read_csv(data.path, dtype={"eid": str})
            table.assign(Ill=~table["Ill"]).to_csv(data.path, index=False)
        fit(task, data, tmp_path, 1, max_steps=1, limit_val_batches=1)
        seen[flipped] = task.table(torch.tensor(data.phenotypes.to_numpy(np.float32)))
        assert task.aligned == list(data.phenotypes.columns) == ["Brightness", "Contrast", "Kind"]
    torch.testing.assert_close(seen[True], seen[False], atol=0, rtol=0)


def test_the_checkpoint_tells_what_was_aligned_and_keeps_no_values_of_participants(tmp_path):
    task = aligner(include=["Ill"])
    fit(task, Cohort(tmp_path), tmp_path, 1, max_steps=1, limit_val_batches=1)
    checkpoint = {"hyper_parameters": {}}
    task.on_save_checkpoint(checkpoint)
    assert aligned_fields(checkpoint) == ["Brightness", "Contrast", "Ill", "Kind"]
    assert not [name for name, value in task.state_dict().items() if TRAIN in value.shape]
    other = aligner()
    other.on_load_checkpoint(checkpoint)
    assert other.aligned == aligned_fields(checkpoint)


def test_who_predicts_an_aligned_field_is_told_in_one_sentence(caplog):
    with caplog.at_level(logging.WARNING):
        warn_of_aligned_targets(["LVEF (%)", "Age"], ["Sex", "21003"])
        warn_of_aligned_targets(["LVEF (%)"], ["Sex"])
    (said,) = caplog.messages
    assert "a table that held Age: it was told what it is now to predict" in said
    assert aligned_targets(["Illness"], ["Ill"]) == []


@pytest.mark.parametrize(("far", "bound"), [(50.0, 100.0), (-50.0, 1.0)])
def test_the_temperature_stays_within_its_bounds(far, bound):
    task = aligner()
    torch.nn.init.constant_(task.log_scale, far)
    task.on_train_batch_end(None, None, 0)
    assert task.log_scale.detach().exp().item() == pytest.approx(bound)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"include": ["Stroke"]}, "model.include names 'Stroke', but the targets of model.fields are Ill"),
        ({"field_dropout": 1.5}, "model.field_dropout needs a rate"),
        ({"reconstruction": -1.0}, "model.reconstruction -1.0 is a weight"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_built(changes, message):
    with pytest.raises(ValueError, match=message):
        aligner(**changes)


def test_mixed_precision_makes_no_two_tables_alike():
    task = aligner()
    images, tables = torch.randn(2, 50, 8)
    exact = task.scores(images, tables)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(task.scores(images, tables), exact)


def test_an_aligner_without_decoder_says_where_it_comes_from():
    with pytest.raises(ValueError, match=r"which decoder\? Name the checkpoint of a pretraining"):
        AlignmentTask(FIELDS, [RandomMasking()], tiny_encoder())
