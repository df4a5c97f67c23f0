"""Everything that is measured on the device, one thing after the other."""

import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from benchmarks.device import product_flops
from benchmarks.gpu import loading, paces, serving
from benchmarks.gpu.effort import Effort
from benchmarks.gpu.results import note
from benchmarks.machine import description, device
from benchmarks.training import hush

PRECISIONS = (torch.bfloat16, torch.float32)


def facts(out: Path, effort: Effort) -> None:
    """Note what the device is and can do at best."""
    on = device()
    name = torch.cuda.get_device_name() if on.type == "cuda" else "none, a rehearsal on a CPU"
    peaks = {str(one).removeprefix("torch."): product_flops(one, effort.seconds / 2) for one in PRECISIONS}
    note(out, "facts", {"device": name, "description": " ".join(description()), **peaks})


def tests(out: Path) -> None:
    """Run the tests that need a GPU."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "default", "tests/test_gpu.py"]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=150).stdout
    print(said, flush=True)
    note(out, "tests", {"verdict": said.strip().splitlines()[-1].strip("= ") if said.strip() else "no answer"})


def measure(out: Path, effort: Effort, until: float) -> None:
    """Measure one thing after the other until there is no more time; what fails is noted and left."""
    hush()
    attempt(out, "facts", lambda: facts(out, effort))
    for part, work in everything(out, effort):
        if time.time() < until:
            attempt(out, part, work)
        else:
            note(out, "failed", {"what": part, "why": "there was no time left"})


def everything(out: Path, effort: Effort) -> Iterator[tuple[str, Callable[[], None]]]:
    """Yield what is measured and its part, in order."""
    largest = effort.batches[-1]
    for one in paces.paces(effort):
        yield "training", lambda one=one: note(out, "training", one()._asdict())
    yield "training", lambda: note(out, "training", loading.fed(effort, largest)._asdict())
    for one in paces.fine_tunings(effort):
        yield "fine-tuning", lambda one=one: note(out, "fine-tuning", one()._asdict())
    for single in serving.all_served(effort):
        yield "serving", lambda single=single: note(out, "serving", single()._asdict())
    yield "loader", lambda: read(out, effort, largest)
    yield "tests", lambda: tests(out)


def read(out: Path, effort: Effort, batch: int) -> None:
    """Note how fast workers hand over studies."""
    for one in loading.handed(effort, batch):
        note(out, "loader", one._asdict())


def attempt(out: Path, part: str, work: Callable[[], object]) -> None:
    """Do some work and say so; an error is printed and noted."""
    start = time.time()
    try:
        work()
    except Exception as error:  # the next part may well work
        traceback.print_exc()
        note(out, "failed", {"what": part, "why": f"{type(error).__name__}: {str(error)[:200]}"})
    print(f"{part}: {time.time() - start:.1f} s", flush=True)
