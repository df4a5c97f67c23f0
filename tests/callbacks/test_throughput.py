from types import SimpleNamespace

import pytest

from cmr_ssl.callbacks import Throughput


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr("cmr_ssl.callbacks.throughput.time", made)
    return made


def steps(callback, clock, count, first=1, seconds=2.0, ranks=2, every=4, batches=1):
    """Take steps of three subjects a rank and batch, and return what is logged."""
    logged = []
    task = SimpleNamespace(log=lambda name, value, **_: logged.append((name, value)))
    for batch in range(first * batches, (first + count) * batches):
        clock.now += seconds
        trainer = SimpleNamespace(world_size=ranks, global_step=batch // batches, log_every_n_steps=every)
        callback.on_train_batch_end(trainer, task, {}, SimpleNamespace(subject=["a", "b", "c"]), 0)
    return logged


def test_the_rate_is_that_of_all_devices_between_two_logged_steps_of_one_batch_or_several(clock):
    callback = Throughput()
    callback.on_train_epoch_start(None, None)
    assert steps(callback, clock, 8) == [("train/subjects_per_second", pytest.approx(3.0))] * 2
    callback = Throughput()
    callback.on_train_epoch_start(None, None)
    assert steps(callback, clock, 9, batches=3) == [("train/subjects_per_second", pytest.approx(3.0))] * 2


def test_validation_does_not_count(clock):
    callback = Throughput()
    callback.on_train_epoch_start(None, None)
    steps(callback, clock, 4)
    clock.now += 1000
    callback.on_validation_end(None, None)
    assert steps(callback, clock, 4, first=5) == [("train/subjects_per_second", pytest.approx(3.0))]


def test_a_run_that_goes_on_in_mid_epoch_starts_the_clock(clock):
    clock.now = 1000
    callback = Throughput()
    callback.on_train_start(SimpleNamespace(global_step=2), None)
    assert steps(callback, clock, 2, first=3) == [("train/subjects_per_second", pytest.approx(3.0))]
