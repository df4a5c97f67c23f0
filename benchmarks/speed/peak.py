"""What the device can do at best, and how much of it our training step achieves."""

import torch
from benchmarks.machine import device, now
from benchmarks.step import fastest
from benchmarks.table import Row
from benchmarks.training import training_flops

from cmr_ssl.devices import has_bfloat16


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


def rows(planes: int, seconds: float, rounds: int) -> list[Row]:
    """Measure matrix products, and compare our training step with them."""
    peaks = {dtype: product_flops(dtype, seconds) for dtype in (torch.float32, torch.bfloat16)}
    used = torch.bfloat16 if has_bfloat16(device()) else torch.float32
    operations = training_flops(planes)
    share = operations * fastest(planes, rounds).speed / peaks[used]
    return [
        *(peak_row(dtype, peak) for dtype, peak in peaks.items()),
        Row("training: operations a subject, TFLOP", "", f"{operations / 1e12:.2f}"),
        Row(f"training: share of the {name_of(used)} peak", "", f"{share:.0%}", "", ">= 50 % on a GPU"),
    ]


def peak_row(dtype: torch.dtype, peak: float) -> Row:
    """Return the row of one type's `peak`, operations a second."""
    return Row(f"products in {name_of(dtype)}, TFLOP/s", "", f"{peak / 1e12:.2f}")


def name_of(dtype: torch.dtype) -> str:
    """Return the plain name of a type."""
    return str(dtype).removeprefix("torch.")
