import pytest

from benchmarks.speed.gpu.latency import SERVED, latency
from benchmarks.speed.gpu.settings import REHEARSAL


@pytest.mark.parametrize("what", SERVED)
def test_a_study_is_served(what):
    assert latency(what, REHEARSAL).seconds > 0
