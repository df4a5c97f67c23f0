import logging
from copy import deepcopy

import pytest
import torch

from cmr_ssl.checkpoints import load_encoder
from cmr_ssl.models.baselines import PlaneUNet
from cmr_ssl.models.plane_head import PlaneHead
from cmr_ssl.tasks.reuse import load_head, load_network, load_pretrained
from tests.tiny import tiny_encoder

HASHED = {"fractions": [0.8, 0.1, 0.1], "column": None}  # as the finished run's


@pytest.fixture
def load(finished_run, caplog):
    """Return what loads the encoder of a finished run for data that are split in some way, and says what is logged."""
    path = finished_run / "checkpoints" / "best.ckpt"
    pretrained = load_encoder(path)

    def loaded(split):
        with caplog.at_level(logging.WARNING):
            load_pretrained(pretrained.encoder, path, {"preparation": pretrained.preparation, "split": split})
        return caplog.text

    return loaded


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"fractions": [0.5, 0.25, 0.25], "column": None}, "fractions 0.5, 0.25, 0.25"),
        ({"fractions": [0.8, 0.1, 0.1], "column": "fold"}, "column 'fold'"),
    ],
)
def test_an_encoder_that_may_know_the_test_subjects_is_warned_of_with_both_splits(load, other, named):
    said = load(other)
    assert "set apart by fractions 0.8, 0.1, 0.1" in said
    assert f"this run sets them apart by {named}" in said
    assert said.count("WARNING") == 1


@pytest.mark.parametrize("fewer", [{}, {"train_subjects": 10, "seed": 0}])
def test_the_same_split_says_nothing_even_where_fewer_of_its_training_subjects_are_used(load, fewer):
    assert load(HASHED | fewer) == ""


def saved(tmp_path, **weights):
    """Return a checkpoint that holds nothing but weights."""
    path = tmp_path / "some.ckpt"
    torch.save({"state_dict": weights, "hyper_parameters": {}, "CineDataModule": {}}, path)
    return path


def head(channels=4, seed=0):
    """Return a head of segmentation as a seed draws it."""
    encoder = tiny_encoder()
    torch.manual_seed(seed)
    return PlaneHead(encoder, channels)


def named(start, module):
    """Return the weights of a module under names that begin so."""
    return {f"{start}{name}": weight for name, weight in module.state_dict().items()}


def same(one, other):
    """Tell whether two modules have the same weights."""
    return all(torch.equal(*pair) for pair in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_the_head_of_a_segmentation_is_taken_over_with_all_that_it_says(tmp_path):
    taught, new = head(seed=1), head()
    load_head(new, saved(tmp_path, **named("head.", taught)))
    assert same(new, taught)


def test_a_checkpoint_without_a_head_changes_nothing_and_says_so(tmp_path, caplog):
    new = head()
    before = deepcopy(new)
    with caplog.at_level(logging.INFO):
        load_head(new, saved(tmp_path))
    assert "has no head of a segmentation: this one starts at random" in caplog.text
    assert same(new, before)


def test_a_head_of_another_size_is_named_with_the_remedy(tmp_path):
    with pytest.raises(ValueError, match=r"another size than this one \(4 channels\): give model.head the channels"):
        load_head(head(), saved(tmp_path, **named("head.", head(8))))


def test_a_plain_network_starts_from_another_of_its_kind_and_from_no_other(tmp_path):
    taught, new = PlaneUNet(4), PlaneUNet(4)
    load_network(new, saved(tmp_path, **named("network.", taught)))
    assert same(new, taught)
    with pytest.raises(ValueError, match="do not fit"):
        load_network(PlaneUNet(8), saved(tmp_path, **named("network.", taught)))
