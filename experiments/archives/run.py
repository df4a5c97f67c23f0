"""UK Biobank's way on synthetic archives with known faults, from zips to a pretraining; writes docs/archives.md.

    python -m benchmarks.archives [--subjects 500] [--compared 100] [--workers 2] [--out docs]

A stage that ended leaves its times and is not repeated; one that was cut goes on, and its times are not told.
"""

import json
import os
import resource
import subprocess
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import NamedTuple

RUNS = Path("runs")
SEED = 23
ONE_CORE = {"OMP_NUM_THREADS": "1"}


class Stage(NamedTuple):
    """One command of the way.

    Attributes:
        name: of the stage; its times lie in a file of this name.
        arguments: of ``python -m cmr_ssl``.
    """

    name: str
    arguments: tuple[str, ...]


class Times(NamedTuple):
    """What a stage took, all its processes together; None where it was cut and went on.

    Attributes:
        cpu_s: of user and system.
        wall_s: from start to end.
    """

    cpu_s: float | None
    wall_s: float | None


def stages(folder: Path, subjects: int, compared: int, workers: int) -> list[Stage]:
    """Return the commands in order; the second one writes the generator's own NIfTI of some subjects."""
    cohort = ("--seed", str(SEED), "--preset", "small", "--faults", "default", "--workers", str(workers))
    zips, nifti, cache, page = (str(folder / name) for name in ("zips", "nifti", "cache", "qc"))
    table, run = str(folder / "cohort.parquet"), str(folder / "run")
    small, policy = "configs/preparation/small.yaml", "configs/policy/default.yaml"
    data = ("--data.cache", cache, "--data.table", table, "--data.split_column", "split")
    learn = ("--config", "configs/smoke.yaml", *data, "--data.findings", f"{page}/findings.csv")
    side_by_side = ("--workers", str(workers))
    commands = {
        "phantom": ("phantom", "--out", zips, "--subjects", str(subjects), "--dicom", "true", *cohort),
        "truth": ("phantom", "--out", str(folder / "truth"), "--subjects", str(min(compared, subjects)), *cohort),
        "import-ukb": ("import-ukb", "--zips", zips, "--out", nifti, *side_by_side),
        "prepare": ("prepare", "--source", nifti, "--out", cache, "--preparation", small, *side_by_side),
        "qc": ("qc", "--cache", cache, "--out", page, "--policy", policy, "--imported", nifti, *side_by_side),
        "cohort": ("cohort", "--cache", cache, "--table", f"{zips}/phenotypes.csv", "--out", table),
        "fit": ("fit", *learn, "--trainer.default_root_dir", run, "--trainer.enable_progress_bar", "false"),
    }
    return [Stage(name, arguments) for name, arguments in commands.items()]


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


def main() -> None:
    """Carry out what is missing and write the report."""
    from benchmarks.archives_report import write_report

    parser = ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--subjects", type=int, default=500)
    parser.add_argument("--compared", type=int, default=100, help="subjects whose images are compared bit by bit")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path("docs"))
    asked = parser.parse_args()
    folder = RUNS / f"archives-{asked.subjects}"
    folder.mkdir(parents=True, exist_ok=True)
    way = stages(folder, asked.subjects, asked.compared, asked.workers)
    for stage in way:
        print(f"{stage.name} ...", flush=True)
        carry_out(stage, folder)
    write_report(folder, [stage.name for stage in way], asked.out)


if __name__ == "__main__":
    main()
