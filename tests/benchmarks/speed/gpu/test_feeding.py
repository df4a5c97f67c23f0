from benchmarks.speed.gpu.feeding import handed
from benchmarks.speed.gpu.settings import REHEARSAL


def test_threads_hand_over_studies():
    [found] = handed(REHEARSAL, batch=2)
    assert (found.workers, found.batch) == (1, 2)
    assert found.speed > 0
