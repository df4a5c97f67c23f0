import pytest

from benchmarks.speed.gpu.kernels import Span, kernels, sorted_out
from benchmarks.speed.gpu.settings import REHEARSAL


def test_kernels_are_sorted_by_their_names_and_copies_apart():
    ran = [
        "nvjet_sm90",
        "cublaslt::splitkreduce",
        "flash_fprop",
        "cutlass_fmha",
        "triton_poi",
        "memcpy dtod",
        "memcpy htod",
    ]
    found = sorted_out(8, [Span(name, 0.0, 1000.0 * 2**place) for place, name in enumerate(ran)], steps=1)
    assert (found.products, found.attention, found.other, found.copies) == (1 + 2, 4 + 8, 16 + 32, 64)
    assert (found.batch, found.launched) == (8, 6)
    assert sorted_out(8, [Span("nvjet", 0.0, 1000.0)], steps=4).products == 0.25


@pytest.mark.exhaustive  # traces a whole step
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # of torch.compile
def test_a_step_is_profiled_and_a_cpu_has_no_kernels():
    assert kernels(REHEARSAL, steps=1).launched == 0
