import logging

import pytest

from cmr_ssl.checkpoints import load_encoder
from cmr_ssl.tasks.reuse import load_pretrained

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
