import logging
from itertools import chain

import numpy as np
import pandas as pd
import pytest
import torch
from lightning import LightningModule, Trainer

from cmr_ssl.cohort.phenotypes import read_phenotypes
from cmr_ssl.data.augment import Augmentation
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.planes import VIEWS
from tests.caches import COHORT, FRAMES, SIZE, write_cache

VALUES = {subject: 50.0 + index for index, subject in enumerate(COHORT)}
SLOTS = {"la_2ch": 1, "la_3ch": 1, "la_4ch": 1, "sa": 9}


def data_of(cache, stage="fit", **options):
    settings = {"cache": str(cache), "views": SLOTS, "batch_size": 4, "workers": 0, "min_planes": 4} | options
    data = CineDataModule(**settings)
    data.setup(stage)
    return data


def findings_of(folder, *rows):
    """Write a table of findings and return its path."""
    path = folder / "findings.csv"
    path.write_text("\n".join(["subject,view,slice,severity,decision", *rows]) + "\n")
    return str(path)


def test_what_a_table_of_findings_rejects_is_left_out(cache, tmp_path, caplog):
    whole = data_of(cache)
    gone, poorer = whole.subjects["train"][:2]
    rows = [f"{poorer},{place},noted,reject-plane" for place in ("sa,0", "la_2ch,")]
    data = data_of(cache, findings=findings_of(tmp_path, f"{gone},sa,,noted,reject-subject", *rows))
    assert data.subjects["train"] == whole.subjects["train"][1:]
    assert "set aside 1 subjects rejected in preparing or by a policy" in caplog.text
    before, after = (one.dataset([poorer])[0].present for one in (whole, data))
    assert int(before[3:].sum()) - int(after[3:].sum()) == (COHORT[poorer][0] <= 9)
    assert [bool(before[0]), bool(after[0])] == [True, False]


class Watcher(LightningModule):
    """Remembers the batches it is shown and trains nothing."""

    def __init__(self):
        super().__init__()
        self.seen = {"train": [], "val": []}

    def training_step(self, batch, batch_idx):
        self.seen["train"].append(batch)

    def validation_step(self, batch, batch_idx):
        self.seen["val"].append(batch)

    def configure_optimizers(self):
        return None


def shown(cache, folder, epochs=1, watcher=None, **options):
    """Return the batches of a run, as the device sees them."""
    watcher = watcher or Watcher()
    quiet = {name: False for name in ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")}
    trainer = Trainer(accelerator="cpu", max_epochs=epochs, num_sanity_val_steps=0, default_root_dir=folder, **quiet)
    trainer.fit(watcher, datamodule=data_of(cache, **options))
    return watcher.seen


def table_of(folder, **columns):
    """Write a table of the cohort, in another order than the cohort's, with more people, and return its path."""
    rows = pd.DataFrame({"eid": [*COHORT, "900000999"]} | {name: [*cells, 99] for name, cells in columns.items()})
    rows[::-1].to_csv(folder / "table.csv", index=False)
    return str(folder / "table.csv")


def labelled_cache(folder, labelled):
    """Write a cache whose table says that these subjects have label maps."""
    return write_cache(folder, COHORT, **{f"s{subject}": {"labelled": True} for subject in labelled})


def delivered(loader):
    """Return the phenotypes of every subject that a loader shows."""
    return {name: row for batch in loader for name, row in zip(batch.subject, batch.phenotypes, strict=True)}


def test_splits_hold_every_usable_subject_once(cache):
    splits = data_of(cache).subjects
    assert sorted(chain(*splits.values())) == sorted(COHORT)
    assert {name: len(subjects) for name, subjects in splits.items()} == {"train": 18, "val": 3, "test": 3}


def test_samples_have_the_shape_of_views_and_preparation(cache):
    data = data_of(cache)
    batch = next(iter(data.val_dataloader()))
    assert data.shape == (12, FRAMES, SIZE, SIZE)
    assert batch.images.shape == (3, *data.shape)
    assert batch.images.dtype == torch.uint8
    slots = [name for name, count in SLOTS.items() for _ in range(count)]
    for view, present in zip(batch.view, batch.present, strict=True):
        taken = [name for name, there in zip(slots, present, strict=True) if there]
        assert [VIEWS[index] for index in view[present]] == taken


def test_unusable_subjects_are_set_aside_with_the_reason_and_planes_without_a_slot_do_not_count(tmp_path, caplog):
    few = {"900000500": (1, ("la_2ch",)), "900000503": (2, ("la_2ch", "la_3ch"))}  # of four planes two have a slot
    cohort = COHORT | few | {"900000501": (7, ()), "900000502": (7, ())}
    changes = {"s900000501": {"cine": False, "frames": 2}, "s900000502": {"status": "rejected"}}
    with caplog.at_level(logging.WARNING):
        splits = data_of(write_cache(tmp_path, cohort, **changes), views={"sa": 9}).subjects
    assert sorted(chain(*splits.values())) == sorted(COHORT)
    for reason in ("1 subjects rejected", "1 subjects without a whole beat", "2 subjects with fewer than 4 planes"):
        assert reason in caplog.text


def test_training_and_validation_see_intensities_from_0_to_1(cache, tmp_path):
    seen = shown(cache, tmp_path)
    first = seen["val"][0]
    raw = next(iter(data_of(cache).val_dataloader()))
    torch.testing.assert_close(first.images, raw.images / 255)
    assert seen["train"][0].images.dtype == torch.float32
    assert seen["train"][0].images.max() <= 1


def test_only_training_is_augmented_and_differently_in_each_epoch(cache, tmp_path):
    plain, moved = (shown(cache, tmp_path, 2, augmentation=how) for how in (None, Augmentation()))
    for one, other in zip(plain["val"], moved["val"], strict=True):
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.affine, other.affine)
    first, second = (
        {subject: affine for batch in epoch for subject, affine in zip(batch.subject, batch.affine, strict=True)}
        for epoch in (moved["train"][:4], moved["train"][4:])
    )
    both = first.keys() & second.keys()
    assert len(both) > 10
    assert not any(torch.equal(first[subject], second[subject]) for subject in both)


def test_a_run_repeats_exactly_with_any_number_of_workers(cache, tmp_path):
    runs = [shown(cache, tmp_path, 2, augmentation=Augmentation(), workers=workers) for workers in (0, 2)]
    assert len(runs[0]["train"]) == 8
    for one, other in zip(runs[0]["train"], runs[1]["train"], strict=True):
        assert one.subject == other.subject
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.affine, other.affine)


def test_the_state_tells_how_the_data_were_made_and_nothing_of_whom(cache):
    data = data_of(cache, table=str(cache / "table.csv"))
    data.train_dataloader()
    state = data.state_dict()
    assert state["views"] == SLOTS
    assert state["preparation"]["size"] == SIZE
    assert state["split"] == {"fractions": [0.8, 0.1, 0.1], "column": None}
    assert str(cache) not in repr(state)
    assert not [subject for subject in COHORT if subject in repr(state)]


@pytest.mark.parametrize(
    "changes",
    [
        {"views": {"sa": 9}},
        {"preparation": {"size": 128}},
        {"split": {"fractions": [0.7, 0.2, 0.1], "column": None}},
        {"split": {"fractions": [0.8, 0.1, 0.1], "column": "fold"}},
        {"split": {"fractions": [0.8, 0.1, 0.1], "column": None, "train_subjects": 10}},
    ],
)
def test_a_checkpoint_of_other_data_is_refused(cache, changes):
    data = data_of(cache)
    with pytest.raises(ValueError, match=f"trained with {next(iter(changes))} "):
        data.load_state_dict(data.state_dict() | changes)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 19}, "18 subjects in the train split of .*, but fit needs at least 19"),
        ({"fractions": (1.0, 0.0, 0.0)}, "0 subjects in the val split"),
        ({"min_planes": 13}, "0 subjects in the train split"),
        ({"split_column": "fold"}, "no column 'fold'"),
        ({"views": {}}, "names no view"),
        ({"views": {"sax": 9}}, "names 'sax'; known views are sa, la_2ch"),
        ({"views": {"sa": 0}}, "gives sa 0 planes"),
        ({"batch_size": 0}, "data.batch_size must be at least 1, got 0"),
        ({"workers": -1}, "data.workers must be at least 0, got -1"),
        ({"min_planes": 0}, "data.min_planes must be at least 1, got 0"),
        ({"train_subjects": 0}, "data.train_subjects must be at least 1, got 0"),
        ({"train_subjects": 19}, "18 subjects in the train split of .*, but fit needs at least 19"),
        ({"train_subjects": 3}, "3 subjects in the train split of .*, but fit needs at least 4: .*train_subjects"),
        ({}, "phenotypes need a table: --data.table FILE"),
        ({"labels": True}, "none of the 18 train subjects of .* has a label map: prepare"),
    ],
)
def test_what_cannot_be_trained_with_is_one_sentence(cache, options, message):
    with pytest.raises(ValueError, match=message):
        data_of(cache, **options).carry(Reader("Age"))


def test_testing_needs_test_subjects_only(cache, tmp_path):
    only = {"fractions": (0.0, 0.0, 1.0), "table": table_of(tmp_path, Age=VALUES.values()), "train_subjects": 10}
    data = data_of(cache, "test", **only)
    data.carry(Reader("Age"))
    assert list(data.in_use()) == ["test"]
    assert len(delivered(data.test_dataloader())) == 24
    with pytest.raises(ValueError, match="but test needs at least 1"):
        data_of(cache, "test", fractions=(1.0, 0.0, 0.0))


class Reader:
    """Wants columns of the table as numbers."""

    def __init__(self, *names):
        self.names = list(names)

    def read_table(self, path, subjects):
        return pd.DataFrame(read_phenotypes(path, self.names, subjects), subjects, self.names)


def test_samples_of_all_splits_carry_the_targets_of_their_subject_in_order(cache, tmp_path):
    table = table_of(tmp_path, **{"LVM (g)": [2 * value for value in VALUES.values()], "lvef": VALUES.values()})
    data = data_of(cache, table=table)
    data.carry(Reader("LVEF (%)", "LVM (g)"))
    for split, values in data.in_use().items():
        np.testing.assert_array_equal(values, [[VALUES[one], 2 * VALUES[one]] for one in data.subjects[split]])
    shown = {name: row.tolist() for name, row in delivered(data.evaluation_loader("train", "val", "test")).items()}
    assert shown == {subject: [value, 2 * value] for subject, value in VALUES.items()}
    some = delivered(data.train_dataloader())
    assert len(some) == 16
    assert all(row.tolist() == shown[name] for name, row in some.items())


def test_neither_table_nor_targets_change_the_split(cache, tmp_path):
    subjects = data_of(cache).subjects
    gaps = [None, *list(VALUES.values())[1:]]
    data = data_of(cache, table=table_of(tmp_path, Age=VALUES.values(), Height=gaps))
    for name in ("Age", "Height"):
        data.carry(Reader(name))
        assert data.subjects == subjects
        assert delivered(data.val_dataloader()).keys() == set(subjects["val"])
    data.setup("fit")
    assert data.subjects == subjects


def test_the_data_module_asks_the_task_what_it_wants_to_know_of_each_subject(cache, tmp_path):
    class Asking(Reader, Watcher):
        def __init__(self):
            Watcher.__init__(self)
            self.names = ["Age"]

    seen = shown(cache, tmp_path, watcher=Asking(), table=table_of(tmp_path, Age=VALUES.values()))
    assert (len(seen["train"]), len(seen["val"])) == (4, 1)
    for batch in [*seen["train"], *seen["val"]]:
        assert batch.phenotypes[:, 0].tolist() == [VALUES[subject] for subject in batch.subject]


def test_only_the_training_subjects_in_use_are_shown_standardised_by_and_counted_in_checkpoints(cache, tmp_path):
    everyone = data_of(cache)
    data = data_of(cache, train_subjects=8, table=table_of(tmp_path, Age=VALUES.values()))
    data.carry(Reader("Age"))
    assert set(data.subjects["train"]) < set(everyone.subjects["train"])
    assert data.subjects | {"train": everyone.subjects["train"]} == everyone.subjects
    assert data.in_use()["train"]["Age"].tolist() == [VALUES[subject] for subject in data.subjects["train"]]
    assert delivered(data.train_dataloader()).keys() == set(data.subjects["train"])
    assert data.state_dict()["split"]["train_subjects"] == 8
    with pytest.raises(ValueError, match="trained with split "):
        data.load_state_dict(everyone.state_dict())


def test_labels_are_asked_for_only_where_every_split_in_use_has_some(tmp_path, cache):
    subjects = data_of(cache).subjects
    one = labelled_cache(tmp_path / "one", subjects["train"][:1])
    for stage, split in (("fit", "val"), ("test", "test")):
        with pytest.raises(ValueError, match=rf"none of the 3 {split} subjects of .* has a label map"):
            data_of(one, stage, labels=True)
    two = labelled_cache(tmp_path / "two", [subjects["train"][0], subjects["val"][0]])
    batch = next(iter(data_of(two, labels=True).val_dataloader()))
    assert batch.labels.shape == batch.images.shape


def test_mixed_precision_moves_no_augmented_plane(cache):
    data = data_of(cache, augmentation=Augmentation())
    batch = data.scaled(next(iter(data.evaluation_loader("train"))))
    with torch.autocast("cpu", torch.bfloat16):
        mixed = data.augmented(batch, 0)
    exact = data.augmented(batch, 0)
    assert torch.equal(mixed.affine, exact.affine)
    assert torch.equal(mixed.images, exact.images)


@pytest.mark.parametrize("labels", [True, False])
def test_a_test_of_label_maps_leaves_no_slice_out_and_training_keeps_its_room(tmp_path, labels):
    cache = labelled_cache(tmp_path, COHORT)
    options = {"views": {"sa": 2, "la_2ch": 1}, "min_planes": 1, "labels": labels}
    data = data_of(cache, "test", **options)
    subjects = data.subjects["test"]
    shown = {sample.subject: sample for sample in data.test_dataloader().dataset}
    for subject in subjects:
        slices = int((shown[subject].present & (shown[subject].view == VIEWS.index("sa"))).sum())
        assert slices == (COHORT[subject][0] if labels else 2)
    assert len(data.train_dataloader().dataset[0].present) == 3


def test_slices_a_network_does_not_look_at_are_told_with_a_subject(cache, caplog):
    data_of(cache, "test", views={"sa": 9}, labels=False)
    assert "have more slices than data.views.sa 9 (subject " in caplog.text
    caplog.clear()
    data_of(cache, "test", views={"sa": 10}, labels=False)
    assert "more slices" not in caplog.text


def test_no_training_subject_has_fewer_planes_than_the_data_module_says(cache, tmp_path):
    first, second = data_of(cache).subjects["train"][:2]
    rows = [f"{first},sa,{index},noted,reject-plane" for index in range(4)] + [f"{second},sa,,noted,reject-plane"]
    table = findings_of(tmp_path, *rows)
    for options in ({}, {"findings": table, "min_planes": 1}, {"views": {"la_2ch": 2, "sa": 3}, "min_planes": 1}):
        data = data_of(cache, **options)
        dataset = data.dataset(data.subjects["train"])
        assert data.least_planes == min(int(dataset[index].present.sum()) for index in range(len(dataset)))
