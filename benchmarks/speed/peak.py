"""What the device can do at best, and how much of it our training step achieves."""

import torch

from benchmarks.speed.step import fastest
from benchmarks.speed.table import Row
from benchmarks.speed.training import build, step_flops
from cmr_ssl.devices import has_bfloat16
from experiments.machine import device, now

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def product_flops(dtype: torch.dtype, seconds: float) -> float:
    """Return the operations a second of the fastest square matrix product seen in about `seconds`."""
    on = device()
    size = 8192 if on.type == "cuda" else 2048
    left, right = (torch.randn(size, size, device=on, dtype=dtype) for _ in range(2))
    best, end = float("inf"), now(on) + seconds
    while (start := now(on)) < end:
        torch.mm(left, right)
        best = min(best, now(on) - start)
    return 2.0 * size**3 / best


def peaks(seconds: float) -> dict[str, float]:
    """Return the same for each precision by name, `seconds` each."""
    return {name: product_flops(dtype, seconds) for name, dtype in PRECISIONS.items()}


def copied(seconds: float) -> float:
    """Return the bytes a second, read and written, of the fastest copy of a large tensor seen in about `seconds`."""
    on = device()
    source = torch.randn(2**28 if on.type == "cuda" else 2**22, device=on)
    target, best, end = torch.empty_like(source), float("inf"), now(on) + seconds
    while (start := now(on)) < end:
        target.copy_(source)
        best = min(best, now(on) - start)
    return 2.0 * source.nbytes / best


def rows(planes: int, seconds: float, rounds: int) -> list[Row]:
    """Measure matrix products, and compare our training step with them."""
    found = peaks(seconds)
    used = "bfloat16" if has_bfloat16(device()) else "float32"
    operations = step_flops(build(planes, 1))
    share = operations * fastest(planes, rounds).speed / found[used]
    return [
        *(Row(f"products in {name}, TFLOP/s", "", f"{peak / 1e12:.2f}") for name, peak in found.items()),
        Row("training: operations a subject, TFLOP", "", f"{operations / 1e12:.2f}"),
        Row(f"training: share of the {used} peak", "", f"{share:.0%}", "", ">= 50 % on a GPU"),
    ]
