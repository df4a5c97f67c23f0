"""Stages carried out one after the other: one that ended leaves its times and is not repeated."""

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from experiments.archives.settings import Stage

ONE_CORE = {"OMP_NUM_THREADS": "1"}


class Times(NamedTuple):
    """What a stage took, all its processes together; None where it was cut and went on.

    Attributes:
        cpu_s: of user and system.
        wall_s: from start to end.
    """

    cpu_s: float | None
    wall_s: float | None


def carry_out(stage: Stage, folder: Path) -> None:
    """Run a stage unless it ended before; what it says lies beside its times."""
    ended, started = folder / f"{stage.name}.json", folder / f"{stage.name}.log"
    if ended.is_file():
        return
    cut = started.is_file()
    begun, before = time.monotonic(), _children_s()
    with started.open("a") as log:
        command = [sys.executable, "-m", "cmr_ssl", *stage.arguments]
        subprocess.run(command, check=True, stdout=log, stderr=log, env=os.environ | ONE_CORE)
    times = Times(None, None) if cut else Times(_children_s() - before, time.monotonic() - begun)
    ended.write_text(json.dumps(times._asdict()) + "\n")


def read_times(folder: Path, stage: str) -> Times:
    """Return what a stage took."""
    return Times(**json.loads((folder / f"{stage}.json").read_text()))


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
