"""What figures were measured on, when something ended, and how much memory it took."""

import platform
import resource
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import torch


def device() -> torch.device:
    """Return the device that is measured: the GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def now(on: torch.device) -> float:
    """Return the time in seconds at which `on` is done with all it was asked for."""
    if on.type == "cuda":
        torch.cuda.synchronize(on)
    return time.perf_counter()


def peak_memory() -> int:
    """Return the most memory this process has held so far, in bytes; on a GPU, that of its tensors."""
    if device().type == "cuda":
        return torch.cuda.max_memory_allocated()
    status = Path("/proc/self/status")
    if status.is_file():  # what `getrusage` says there begins with what the parent held when it started this process
        (peak,) = (line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(peak) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def processor() -> str:
    """Return the model of the CPU."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.is_file() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def commit() -> str:
    """Return the commit of the code that is measured, or `unknown` outside a repository.

    With 12 characters: one of seven is at times a number of seven digits, which looks like a participant.
    """
    command, here = ["git", "describe", "--always", "--abbrev=12", "--dirty"], Path(__file__).parent
    found = subprocess.run(command, cwd=here, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


def description() -> list[str]:
    """Return sentences about machine, versions and commit."""
    accelerator = torch.cuda.get_device_name() if torch.cuda.is_available() else "none"
    return [
        f"CPU: {processor()}, threads: {torch.get_num_threads()}. GPU: {accelerator}.",
        f"Python {platform.python_version()}, torch {torch.__version__}, {platform.system()}.",
        f"Commit {commit()}, {date.today().isoformat()}.",
    ]
