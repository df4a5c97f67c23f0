import math

import pytest

from benchmarks.speed.gpu.pace import paces
from benchmarks.speed.gpu.settings import REHEARSAL

pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # of torch.compile


def test_the_published_design_and_ours_are_paced_as_written_and_compiled():
    found = [one() for one in paces(REHEARSAL)]
    names = [one.what for one in found]
    assert [name.split(",")[0] for name in names] == ["published design", "published architecture", "ours", "ours"]
    assert names[-1] == "ours, compiled"
    assert all(one.seconds > 0 and one.flops > 1e6 and math.isnan(one.memory) for one in found)
    assert found[-1].flops == found[-2].flops
