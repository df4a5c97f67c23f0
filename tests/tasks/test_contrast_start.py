import pytest
import torch

from cmr_ssl.contrast import pairs_of, ranks
from cmr_ssl.tables.corruption import marginals_of
from cmr_ssl.tasks.contrast_start import ContrastStart, Seen, train_heads
from tests.tasks.test_alignment import aligner

TRAIN, VAL = 160, 40


def found(permuted):
    """Return how often images of unseen hearts find their tables, after a start on features that tell the table."""
    task = aligner(field_dropout=0.1)
    generator = torch.Generator().manual_seed(0)
    values = torch.rand(TRAIN + VAL, 4, generator=generator)
    values[:, 2:] = (values[:, :2] > 0.5).float()
    features = values[:, :2] @ torch.randn(2, task.pooling.width, generator=generator)
    shown = values[torch.randperm(TRAIN, generator=generator)] if permuted else values[:TRAIN]
    values = values[:, [0, 1, 3]]
    shown = shown[:, [0, 1, 3]]
    task.marginals = marginals_of(shown)
    task.table.fit_statistics(shown)
    names = [f"{one}" for one in range(TRAIN)]
    train_heads(task, Seen(names, features[:TRAIN], shown), ContrastStart(epochs=60, batch=32))
    with torch.inference_mode():
        sides = task.image_head(features[TRAIN:]), task.table_head(task.table(values[TRAIN:]))
    rank = ranks(pairs_of(*sides, torch.ones(VAL, dtype=torch.bool)))
    return float((rank["image_to_table"] <= 5).float().mean())


def test_heads_that_saw_features_alone_find_tables_of_unseen_hearts_and_permuted_tables_teach_nothing():
    chance = 5 / VAL
    assert found(permuted=False) > 4 * chance
    assert found(permuted=True) < 2 * chance


@pytest.mark.parametrize("numbers", [{"epochs": 0}, {"batch": 1}, {"subjects": 1}])
def test_a_start_that_can_learn_nothing_is_refused(numbers):
    with pytest.raises(ValueError, match="head_start needs"):
        ContrastStart(**numbers)
