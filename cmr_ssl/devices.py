"""Choose the device and the precision of computations."""

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def device_of(name: str) -> torch.device:
    """Return the device cpu, cuda, cuda:NUMBER, or auto for cuda if there is one; raise ValueError if there is none."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"{name!r} is no device: choose cpu, cuda or auto") from error
    if device.type == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if not torch.cuda.is_available() or (device.index or 0) >= max(count, 1):
            raise ValueError(f"there is no {name}: {gpus(count)}; choose --device cpu or auto")
    return device


def gpus(count: int) -> str:
    """Describe how many GPUs there are, and how torch was built if there are none."""
    if count:
        return f"this machine has {count} GPU{'s' if count > 1 else ''}"
    built = f"for CUDA {torch.version.cuda}" if torch.version.cuda else "for the CPU only"
    return f"torch sees no GPU on this machine (it was built {built})"


def has_bfloat16(device: torch.device) -> bool:
    """Tell whether `device` multiplies bfloat16 faster than float32."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") or capabilities.get("bf16"))


def fast_precision(device: torch.device) -> torch.autocast:
    """Return the precision in which networks answer: bfloat16 where the device is faster at it."""
    return torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device))


def without_autocast(device: torch.device) -> AbstractContextManager[object]:
    """Return a context without autocast; the meta device has none."""
    return nullcontext() if device.type == "meta" else torch.autocast(device.type, enabled=False)


def sent(values: Tensor, device: torch.device) -> Tensor:
    """Copy what the host has to a device, and wait for nothing.

    The copy starts from pinned memory: from any other, CUDA first lets the device finish all that it still has to do,
    while the host prepares nothing.
    """
    if device.type == "cuda" and values.device.type == "cpu":
        values = values.pin_memory()
    return values.to(device, non_blocking=True)
