import logging

import pytest
import torch

from cmr_ssl.checkpoints import load_encoder
from cmr_ssl.models.plane_network import PlaneNetwork
from cmr_ssl.tasks.reuse import load_image_branch, load_pretrained

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


def test_the_image_branch_of_a_pretraining_is_taken_over_whole(tmp_path):
    taught, new = PlaneNetwork(4, 2), PlaneNetwork(4, 2)
    weights = {f"beat.network.{name}": weight for name, weight in taught.state_dict().items()}
    load_image_branch(new, saved(tmp_path, **weights))
    image = torch.rand(1, 3, 16, 16)
    assert torch.equal(new.eval()(image), taught.eval()(image))


def test_a_checkpoint_without_an_image_branch_changes_nothing_and_says_so(tmp_path, caplog):
    network = PlaneNetwork(4, 2)
    before = {name: weight.clone() for name, weight in network.state_dict().items()}
    with caplog.at_level(logging.INFO):
        load_image_branch(network, saved(tmp_path))
    assert "has no image branch: that of the head starts at random" in caplog.text
    assert all(torch.equal(weight, before[name]) for name, weight in network.state_dict().items())


def test_an_image_branch_of_another_size_is_named_with_the_remedy(tmp_path):
    weights = {f"beat.network.{name}": weight for name, weight in PlaneNetwork(8, 2).state_dict().items()}
    with pytest.raises(ValueError, match=r"another size than this head's \(4 channels\): give model.head the channels"):
        load_image_branch(PlaneNetwork(4, 2), saved(tmp_path, **weights))
