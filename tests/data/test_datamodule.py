import logging
from itertools import chain

import pytest
import torch
from lightning import LightningModule, Trainer

from cmr_ssl.data.augment import Augmentation
from cmr_ssl.data.datamodule import CineDataModule
from cmr_ssl.planes import VIEWS
from tests.caches import COHORT, FRAMES, SIZE, write_cache

SLOTS = {"la_2ch": 1, "la_3ch": 1, "la_4ch": 1, "sa": 9}


def data_of(cache, stage="fit", **options):
    settings = {"cache": str(cache), "views": SLOTS, "batch_size": 4, "workers": 0, "min_planes": 4} | options
    data = CineDataModule(**settings)
    data.setup(stage)
    return data


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


def shown(cache, folder, epochs=1, **options):
    """Return the batches of a run, as the device sees them."""
    data, watcher = data_of(cache, **options), Watcher()
    quiet = {name: False for name in ("logger", "enable_checkpointing", "enable_progress_bar", "enable_model_summary")}
    trainer = Trainer(accelerator="cpu", max_epochs=epochs, num_sanity_val_steps=0, default_root_dir=folder, **quiet)
    trainer.fit(watcher, datamodule=data)
    return watcher.seen


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


def test_unusable_subjects_are_set_aside_with_the_reason(tmp_path, caplog):
    cohort = {**COHORT, "900000500": (1, ("la_2ch",)), "900000501": (7, ()), "900000502": (7, ())}
    changes = {"s900000501": {"cine": False}, "s900000502": {"status": "rejected"}}
    with caplog.at_level(logging.WARNING):
        splits = data_of(write_cache(tmp_path, cohort, **changes)).subjects
    assert sorted(chain(*splits.values())) == sorted(COHORT)
    for reason in ("1 subjects rejected", "1 subjects without a whole beat", "1 subjects with fewer than 4 planes"):
        assert reason in caplog.text


def test_planes_without_a_slot_do_not_count(tmp_path):
    cohort = COHORT | {"900000500": (2, ("la_2ch", "la_3ch"))}  # four planes, of which two have a slot
    splits = data_of(write_cache(tmp_path, cohort), views={"sa": 9}).subjects
    assert "900000500" not in {*chain(*splits.values())}


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
    by_subject = [
        {s: batch.affine[i] for batch in moved["train"][half] for i, s in enumerate(batch.subject)}
        for half in (slice(0, 4), slice(4, 8))
    ]
    both = by_subject[0].keys() & by_subject[1].keys()
    assert len(both) > 10
    assert all(not torch.equal(by_subject[0][subject], by_subject[1][subject]) for subject in both)


def test_a_run_repeats_exactly_with_any_number_of_workers(cache, tmp_path):
    runs = [shown(cache, tmp_path, 2, augmentation=Augmentation(), workers=workers) for workers in (0, 2)]
    assert len(runs[0]["train"]) == 8
    for one, other in zip(runs[0]["train"], runs[1]["train"], strict=True):
        assert one.subject == other.subject
        assert torch.equal(one.images, other.images)
        assert torch.equal(one.affine, other.affine)


def test_the_state_tells_how_the_data_were_made_and_nothing_of_whom(cache):
    data = data_of(cache)
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
    ],
)
def test_what_cannot_be_trained_with_is_one_sentence(cache, options, message):
    with pytest.raises(ValueError, match=message):
        data_of(cache, **options)


def test_testing_needs_test_subjects_only(cache):
    assert data_of(cache, "test", fractions=(0.0, 0.0, 1.0)).subjects["train"] == []
    with pytest.raises(ValueError, match="but test needs at least 1"):
        data_of(cache, "test", fractions=(1.0, 0.0, 0.0))
