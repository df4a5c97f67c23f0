import math

import pytest

from benchmarks.speed.gpu.pace import paces
from benchmarks.speed.gpu.settings import REHEARSAL

pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # of torch.compile
PLAIN, (WRITTEN, COMPILED) = paces(REHEARSAL)[:-1], paces(REHEARSAL)[-2:]


def test_the_published_design_and_ours_are_paced_as_written():
    found = [one() for one in PLAIN]
    names = [one.what for one in found]
    assert [name.split(",")[0] for name in names] == ["published design", "published architecture", "ours"]
    assert all(one.seconds > 0 and one.flops > 1e6 and math.isnan(one.memory) for one in found)


@pytest.mark.exhaustive  # compiles a whole step
def test_ours_is_paced_compiled_too():
    written, compiled = WRITTEN(), COMPILED()
    assert compiled.what == "ours, compiled"
    assert compiled.seconds > 0
    assert compiled.flops == written.flops
