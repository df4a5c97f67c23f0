from itertools import chain

import pytest

from cmr_ssl.data.dataset import PlaneDataset
from cmr_ssl.data.sampler import EvaluationSampler, TrainingLoader, TrainingSampler
from tests.caches import COHORT, FRAMES, SIZE

VIEWS = {"la_2ch": 1, "sa": 2}


def dataset(cache, count):
    return PlaneDataset(cache, list(COHORT)[:count], VIEWS, (3, FRAMES, SIZE, SIZE))


def epoch_of(cache, count, ranks, rank, epoch=0, seed=0):
    sampler = TrainingSampler(dataset(cache, count), ranks, rank, seed)
    sampler.set_epoch(epoch)
    return list(sampler)


@pytest.mark.parametrize("count", [24, 23])
def test_two_ranks_see_in_each_step_what_one_process_sees_with_twice_the_batch(cache, count):
    first, second = (epoch_of(cache, count, 2, rank) for rank in (0, 1))
    alone = epoch_of(cache, count, 1, 0)
    for step in range(count // 8):
        mine = slice(4 * step, 4 * step + 4)
        assert {*first[mine], *second[mine]} == {*alone[8 * step : 8 * step + 8]}


def test_an_epoch_has_no_duplicates_and_drops_only_what_does_not_fill_all_ranks(cache):
    ranks = [epoch_of(cache, 23, 4, rank) for rank in range(4)]
    together = list(chain(*ranks))
    assert [len(rank) for rank in ranks] == [5] * 4
    assert len(set(together)) == 20


def test_epochs_and_seeds_change_the_order_and_nothing_else_does(cache):
    orders = [epoch_of(cache, 24, 1, 0, epoch, seed) for epoch, seed in [(0, 0), (1, 0), (0, 7), (0, 0)]]
    assert orders[0] == orders[3]
    assert orders[0] != orders[1] != orders[2] != orders[0]
    assert all(sorted(order) == list(range(24)) for order in orders)


@pytest.mark.parametrize(("count", "ranks"), [(24, 1), (24, 2), (23, 4), (2, 3)])
def test_evaluation_shows_every_subject_once_and_fills_up_with_blanks(cache, count, ranks):
    shares = [list(EvaluationSampler(dataset(cache, count), ranks, rank)) for rank in range(ranks)]
    assert len({len(share) for share in shares}) == 1
    shown = list(chain(*shares))
    assert sorted(index for index in shown if index < count) == list(range(count))
    assert {index for index in shown if index >= count} <= {count}


def loader(cache, batch_size=4, ranks=1, seed=0):
    data = dataset(cache, 14)
    return TrainingLoader(data, batch_size, 0, TrainingSampler(data, ranks, 0, seed), drop_last=True)


def subjects(batches):
    return [list(batch.subject) for batch in batches]


@pytest.mark.parametrize("handed_out", [0, 1, 2])
def test_a_restored_loader_goes_on_with_the_batches_that_were_not_handed_out(cache, handed_out):
    whole, first = subjects(loader(cache)), loader(cache)
    batches = iter(first)
    for _ in range(handed_out):
        next(batches)
    second = loader(cache)
    second.load_state_dict(first.state_dict())
    assert subjects(second) == whole[handed_out:]
    order = {"data.batch_size": 4, "data.seed": 0, "number of devices": 1}
    assert second.state_dict() == {"epoch": 0, "batches": 3, "length": 3, **order}
    assert subjects(second) == whole, "only the first epoch after restoring starts in the middle"


OTHERWISE = [
    ({"batch_size": 2}, "data.batch_size 4, now it is 2"),
    ({"seed": 7}, "data.seed 0, now it is 7"),
    ({"ranks": 2}, "number of devices 1, now it is 2"),
]


@pytest.mark.parametrize(("change", "sentence"), OTHERWISE)
def test_an_epoch_cannot_go_on_in_another_order(cache, change, sentence):
    first = loader(cache)
    next(iter(first))
    with pytest.raises(ValueError, match=f"in the middle of an epoch with {sentence}"):
        loader(cache, **change).load_state_dict(first.state_dict())


@pytest.mark.parametrize("change", [{}, *(change for change, _ in OTHERWISE)])
def test_a_finished_epoch_is_followed_by_the_next_in_whatever_order(cache, change):
    first, second, fresh = loader(cache), loader(cache, **change), loader(cache, **change)
    assert len(subjects(first)) == 3
    second.load_state_dict(first.state_dict())
    fresh.sampler.set_epoch(1)
    assert subjects(second) == subjects(fresh)
