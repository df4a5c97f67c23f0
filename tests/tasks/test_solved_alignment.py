"""The solved alignment on made-up hearts whose brightness is what their table says."""

from functools import partial

import pandas as pd
import pytest
import torch
from lightning import Callback

from cmr_ssl.tasks import SolvedAlignmentTask
from tests.tasks.test_alignment import FIELDS, TRAIN, VAL, Cohort, fit
from tests.tiny import tiny_decoder, tiny_encoder


class Prepared(Cohort):
    """A cohort that is asked for datasets, as `CineDataModule` is; samples are as the device sees them."""

    batch_size, workers = 16, 0

    def dataset(self, subjects):
        return Numbers(subjects, self)

    def scaled(self, batch):
        return batch


class Numbers(torch.utils.data.Dataset):
    """Numbers of subjects, of which the cohort makes batches."""

    def __init__(self, subjects, cohort):
        self.subjects, self.cohort = subjects, cohort

    def __len__(self):
        return len(self.subjects)

    def batch(self, indices, pinned=False):
        return self.cohort.batch_of([int(self.subjects[index]) for index in indices])


def aligner(**changes):
    return SolvedAlignmentTask(FIELDS, tiny_encoder(depth=1), tiny_decoder(), **changes)


run = partial(fit, epochs=1, limit_train_batches=1)


def test_images_find_the_tables_of_hearts_that_were_never_seen_and_a_permuted_table_destroys_it(tmp_path):
    found = {}
    for shuffled in (False, True):
        trainer = run(aligner(), Prepared(tmp_path, shuffled), tmp_path)
        found[shuffled] = {name: float(value) for name, value in trainer.callback_metrics.items()}
    chance = found[False]["val/top1_chance"]
    for way in ("image_to_table", "table_to_image"):
        assert found[False][f"val/top5_{way}"] > 3 * 5 * chance
        assert found[True][f"val/top5_{way}"] < 2 * 5 * chance
    assert found[False]["val/loss_alignment"] < found[True]["val/loss_alignment"]


def test_a_step_changes_nothing_of_what_was_solved_and_the_encoder_stays(tmp_path):
    task, before = aligner(), aligner()
    run(task, Prepared(tmp_path), tmp_path)
    solved = {name: one.clone() for name, one in task.expected.state_dict().items()}
    task.on_fit_start()
    assert all(torch.equal(solved[name], one) for name, one in task.expected.state_dict().items())
    assert solved["weights"].abs().sum() > 0
    own = task.encoder.state_dict()
    assert all(torch.equal(own[name], one) for name, one in before.encoder.state_dict().items())


def test_the_target_cannot_be_read_from_what_images_are_aligned_with(tmp_path):
    seen = {}
    for flipped in (False, True):
        data, task = Prepared(tmp_path), aligner()
        if flipped:
            table = pd.read_csv(data.path, dtype={"eid": str})
            table.assign(Ill=~table["Ill"]).to_csv(data.path, index=False)
        run(task, data, tmp_path)
        seen[flipped] = task.expected.state_dict()
        assert task.aligned == ["Brightness", "Contrast", "Kind"]
    assert all(torch.equal(one, seen[True][name]) for name, one in seen[False].items())


def test_the_checkpoint_keeps_no_values_of_participants(tmp_path):
    task = aligner()
    run(task, Prepared(tmp_path), tmp_path)
    assert not [name for name, one in task.state_dict().items() if {TRAIN, TRAIN + VAL} & {*one.shape}]


class Keeper(Callback):
    """Write what each process aligned to ``FOLDER/RANK.pt``."""

    def __init__(self, folder):
        self.folder = folder

    def on_train_start(self, trainer, task):
        torch.save(task.expected.state_dict(), self.folder / f"{trainer.global_rank}.pt")


def test_two_processes_have_the_alignment_of_one(tmp_path):
    kept = []
    for count, options in ((1, {}), (2, {"devices": 2, "strategy": "ddp_fork"})):
        folder = tmp_path / str(count)
        folder.mkdir()
        run(aligner(), Prepared(tmp_path), tmp_path, callbacks=[Keeper(folder)], **options)
        kept += [torch.load(path, weights_only=True) for path in sorted(folder.iterdir())]
    assert len(kept) == 3
    assert all(torch.equal(one, other[name]) for other in kept[1:] for name, one in kept[0].items())


def test_more_subjects_than_are_asked_for_are_not_learnt_from(tmp_path):
    data, task = Prepared(tmp_path), aligner(subjects=40)
    run(task, data, tmp_path)
    assert len(task.collect(data)[0]) == 40
    with pytest.raises(ValueError, match=r"model\.subjects 1: at least two subjects"):
        aligner(subjects=1)
