"""The commands of the way from archives to a pretraining."""

from pathlib import Path
from typing import NamedTuple

RUNS = Path("runs")
SEED = 23


class Stage(NamedTuple):
    """One command of the way.

    Attributes:
        name: of the stage; its times lie in a file of this name.
        arguments: of ``python -m cmr_ssl``.
    """

    name: str
    arguments: tuple[str, ...]


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
