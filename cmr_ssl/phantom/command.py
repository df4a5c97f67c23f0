"""The command `phantom`: write a synthetic cohort, or a picture of one of its hearts."""

import json
import sys
from pathlib import Path
from typing import Literal

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cmr_ssl.phantom.cohort import SETTINGS, Order, write_cohort
from cmr_ssl.phantom.pathology import Pathology


def phantom(
    out: Path | None = None,
    subjects: int = 20,
    seed: int = 7,
    preset: Literal["full", "small"] = "full",
    faults: Literal["none", "default"] = "none",
    pathology: Pathology | None = None,
    workers: int = 1,
    overwrite: bool = False,
    preview: Path | None = None,
    subject: int = 1,
) -> int:
    """Write a synthetic cohort as NIfTI folders with labels and a phenotype table, or preview one subject.

    Args:
        out: folder for the cohort; one that holds a cohort of the same settings is continued.
        subjects: how many.
        seed: of the cohort; subject k of a seed is the same whatever else is asked.
        preset: full is UK Biobank's resolution; small has 16 frames and pixels of twice the size.
        faults: whether things go wrong as they do at real scanners.
        pathology: of every subject; a mixed cohort when absent.
        workers: processes to use.
        overwrite: write subjects anew even if they are there.
        preview: write one PNG or GIF of one subject instead of a cohort.
        subject: which one to preview, from 1.

    Returns:
        exit status, 0 when everything is written.
    """
    order = Order(seed, preset, pathology, faults)
    if out is None:
        raise ValueError("nothing to do: give --out FOLDER for a cohort or --preview FILE for a picture")
    out.mkdir(parents=True, exist_ok=True)
    (out / SETTINGS).write_text(json.dumps(order._asdict(), indent=1))
    columns = (TextColumn("phantom"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=subjects)
        for done in write_cohort(out, order, subjects, workers):
            bar.update(task, completed=done)
    return 0
