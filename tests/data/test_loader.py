import threading
import time

import pytest
import torch
from torch import Tensor

from cmr_ssl.data.dataset import PlaneDataset
from cmr_ssl.data.loader import PlaneLoader, in_order
from tests.caches import COHORT, FRAMES, SIZE

VIEWS = {"la_2ch": 1, "sa": 2}


def loader(cache, workers):
    return PlaneLoader(PlaneDataset(cache, list(COHORT)[:11], VIEWS, (3, FRAMES, SIZE, SIZE)), 4, workers)


@pytest.mark.parametrize("workers", [1, 3])
def test_threads_read_what_is_read_without_them(cache, workers):
    pairs = list(zip(loader(cache, 0), loader(cache, workers), strict=True))
    assert [len(one.subject) for one, _ in pairs] == [4, 4, 3]
    for one, other in pairs:
        assert one.subject == other.subject
        for field, same in zip(one, other, strict=True):
            assert not isinstance(field, Tensor) or torch.equal(field, same)


def no_thread_is_left():
    return not [thread for thread in threading.enumerate() if thread.name.startswith("read")]


def test_results_come_in_order_whoever_is_first_and_a_loop_that_is_left_early_leaves_no_thread():
    def slow_first(item):
        time.sleep(0.05 if item == 0 else 0)
        return item

    assert list(in_order(slow_first, range(6), 3)) == list(range(6))
    for _ in in_order(lambda item: item, range(50), 2):
        break
    assert no_thread_is_left()


def test_what_fails_fails_where_it_is_due_and_no_thread_is_left():
    with pytest.raises(ZeroDivisionError):
        list(in_order(lambda item: 1 / (item - 2), range(50), 2))
    assert no_thread_is_left()


def test_no_more_is_read_ahead_than_there_are_threads():
    begun = []
    results = in_order(lambda item: begun.append(item) or item, range(100), 2)
    assert next(results) == 0
    time.sleep(0.05)
    assert len(begun) <= 3
    results.close()
