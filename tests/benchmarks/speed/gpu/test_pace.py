import math

import pytest
from benchmarks.gpu.effort import REHEARSAL
from benchmarks.gpu.loading import handed
from benchmarks.gpu.paces import paces
from benchmarks.gpu.serving import all_served

pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # of torch.compile


def test_the_published_design_and_ours_are_paced_as_written_and_compiled():
    found = [one() for one in paces(REHEARSAL)]
    names = [one.what for one in found]
    assert [name.split(",")[0] for name in names] == ["published design", "published architecture", "ours", "ours"]
    assert names[-1] == "ours, compiled"
    assert all(one.seconds > 0 and one.flops > 1e6 and math.isnan(one.memory) for one in found)
    assert found[-1].flops == found[-2].flops


def test_threads_hand_over_studies():
    [found] = handed(REHEARSAL, batch=2)
    assert (found.workers, found.batch) == (1, 2)
    assert found.speed > 0


@pytest.mark.parametrize("work", [*all_served(REHEARSAL)], ids=["phenotypes", "label maps"])
def test_a_study_is_served(work):
    assert work().seconds > 0
