"""Everything that is measured on the device, one thing after the other."""

import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch

from benchmarks.speed.gpu.feeding import fed, handed
from benchmarks.speed.gpu.kernels import kernels
from benchmarks.speed.gpu.latency import SERVED, latency
from benchmarks.speed.gpu.pace import fine_tunings, paces
from benchmarks.speed.gpu.results import note
from benchmarks.speed.gpu.settings import Settings
from benchmarks.speed.peak import copied, peaks
from benchmarks.speed.training import hush
from experiments.machine import description, device

Measuring = Callable[[], Iterable[NamedTuple]]


class Facts(NamedTuple):
    """What the device is, the operations a second that it reaches at best, and the bytes that a copy moves."""

    device: str
    description: str
    float32: float
    bfloat16: float
    copied: float


class Verdict(NamedTuple):
    """How the tests that need a GPU ended."""

    verdict: str


def facts(settings: Settings) -> Facts:
    """Return what the device is and can do at best."""
    name = torch.cuda.get_device_name() if device().type == "cuda" else "none, a rehearsal on a CPU"
    return Facts(name, " ".join(description()), **peaks(settings.seconds / 2), copied=copied(settings.seconds / 2))


def tests() -> Verdict:
    """Run the tests that need a GPU."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "default", "tests/test_gpu.py"]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=150).stdout
    print(said, flush=True)
    return Verdict(said.strip().splitlines()[-1].strip("= ") if said.strip() else "no answer")


def parts(settings: Settings) -> list[tuple[str, Measuring]]:
    """Return what is measured by the name of its part, in order."""
    largest = settings.batches[-1]
    return [
        *(("training", partial(alone, work)) for work in paces(settings)),
        ("training", partial(alone, partial(fed, settings, largest))),
        ("kernels", partial(alone, partial(kernels, settings))),
        *(("fine-tuning", partial(alone, work)) for work in fine_tunings(settings)),
        *(("serving", partial(alone, partial(latency, what, settings))) for what in SERVED),
        ("loader", partial(handed, settings, largest)),
        ("tests", partial(alone, tests)),
    ]


def alone(work: Callable[[], NamedTuple]) -> Iterator[NamedTuple]:
    """Yield what is measured once."""
    yield work()


def measure(out: Path, settings: Settings, until: float) -> None:
    """Measure what the device is, and everything else for which there is time."""
    hush()
    attempt(out, "facts", partial(alone, partial(facts, settings)))
    measure_parts(out, parts(settings), until)


def measure_parts(out: Path, works: Iterable[tuple[str, Measuring]], until: float) -> None:
    """Measure one thing after the other until there is no more time; what fails is noted and left."""
    for part, work in works:
        if time.time() < until:
            attempt(out, part, work)
        else:
            note(out, "failed", {"what": part, "why": "there was no time left"})


def attempt(out: Path, part: str, work: Measuring) -> None:
    """Do some work and note what it found; an error is printed and noted."""
    start = time.time()
    try:
        for one in work():
            values: dict[str, Any] = one._asdict()
            note(out, part, values)
    except Exception as error:  # the next part may well work
        traceback.print_exc()
        note(out, "failed", {"what": part, "why": f"{type(error).__name__}: {str(error)[:200]}"})
    print(f"{part}: {time.time() - start:.1f} s", flush=True)
