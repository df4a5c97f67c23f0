"""Inspect the planes of every study of a folder."""

from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from rich.console import Console
from rich.table import Table

from cmr_ssl.checkpoints import fingerprint
from cmr_ssl.cohort.withdrawal import NOBODY, Withdrawn
from cmr_ssl.devices import has_bfloat16
from cmr_ssl.files import digest, remove_halves
from cmr_ssl.inference.prepared import Prepared, prepare
from cmr_ssl.inference.pretrained import load_pretraining
from cmr_ssl.inspection.calibration import Calibration, calibrate, read_calibration, write_calibration
from cmr_ssl.inspection.flaw_score import SUSPECT, FlawScore, score_plane
from cmr_ssl.inspection.plane_examination import examine_heart
from cmr_ssl.inspection.usual_planes import examine_cache
from cmr_ssl.inspection.worst import draw_worst
from cmr_ssl.journal import RECORDS, Journal, Record
from cmr_ssl.lock import exclusive_access
from cmr_ssl.report.montage import plane_titles
from cmr_ssl.report.tables import write_csv
from cmr_ssl.runner.progress import Tally
from cmr_ssl.runner.run import Steps, go_over
from cmr_ssl.sources import NiftiFolder
from cmr_ssl.study import Study
from cmr_ssl.tasks.pretraining import PretrainingTask
from cmr_ssl.tasks.trained import Trained

TABLE, JOURNAL = "inspection.csv", ".inspect"
ROWS = 1  # which columns the table has and what they mean
Row = dict[str, object]
SHOWN = 24  # planes on the screen, the worst; the table holds them all


class Learning(NamedTuple):
    """Where what is usual is kept, and from how many studies of which cache it is learnt; None to read it.

    The table has the column by which training was split, where the cache's own has none. Nothing is learnt or said of
    those who withdrew.
    """

    kept: Path
    cache: Path | None
    subjects: int
    table: Path | None = None
    withdrawn: Withdrawn = NOBODY


@torch.inference_mode()
def inspect_folder(
    checkpoint: Path, folder: NiftiFolder, learning: Learning, out: Path | None, device: torch.device, overwrite: bool
) -> Tally:
    """Inspect every study of a folder, say what was found, and return how many studies ended how.

    Raises:
        FileNotFoundError: if checkpoint, subjects, cache or calibration are missing.
        ValueError: if they do not belong together, or `out` holds an inspection with other settings.
    """
    task, trained = load_pretraining(checkpoint, device)
    subjects = learning.withdrawn.leave(folder.subjects(), folder.folder)
    with torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device)):
        calibration = calibrated(checkpoint, learning, task, trained, device)
        settings = digest({"usual": repr(calibration), "files": folder.files.settings(), "rows": ROWS})
        journal = Journal(None if out is None else out / JOURNAL / RECORDS, settings)
        work = partial(record, task, trained, calibration, out)
        steps = Steps(folder, work, settings, out or folder.folder)
        lock = nullcontext() if out is None else exclusive_access(out / JOURNAL, settings)
        with Tally("inspecting", steps.out, len(subjects)) as tally, lock:
            if out is not None:
                remove_halves(out)
                learning.withdrawn.erase(out, ["*.png"], [f"{JOURNAL}/{RECORDS}"], [TABLE])
            path = out and out / TABLE
            go_over(subjects, steps, journal, tally, partial(_pictures, out), overwrite=overwrite, table=path)
            table = pd.DataFrame([row for one in journal.latest(subjects) for row in rows(one)])
            if path is not None:
                write_csv(path, table)
                print(f"Table and pictures: {out}")
            say(table, calibration)
    return tally


def calibrated(
    checkpoint: Path, learning: Learning, task: PretrainingTask, trained: Trained, device: torch.device
) -> Calibration:
    """Learn what is usual from a cache and keep it, or read what was kept; see `inspect_folder`."""
    model = fingerprint(checkpoint)
    if learning.cache is None:
        return read_calibration(learning.kept, model)
    planes = examine_cache(
        checkpoint, learning.cache, learning.subjects, task, trained, device, learning.table, learning.withdrawn
    )
    calibration = calibrate(planes, model)
    write_calibration(learning.kept, calibration)
    return calibration


def record(
    task: PretrainingTask, trained: Trained, calibration: Calibration, out: Path | None, subject: str, study: Study
) -> Record:
    """Inspect a study and draw its worst planes; the record has a row a plane."""
    verdicts = inspect_study(task, prepare(study, trained, task.device), trained, calibration)
    if out is not None:
        draw_worst(out / f"{subject}.png", verdicts)
    return Record(subject, "accepted", rows=[row(subject, one) for one in verdicts])


def rows(one: Record) -> list[Row]:
    """Return the table's rows of a study; one that failed has one row, with its problem."""
    return one.rows or [{"subject": one.subject, "problem": one.problem}]


def _pictures(out: Path | None, subject: str) -> list[Path]:
    return [] if out is None else [out / f"{subject}.png"]


def inspect_study(
    task: PretrainingTask, heart: Prepared, trained: Trained, calibration: Calibration
) -> list[FlawScore]:
    """Judge all planes of a study.

    Raises:
        ValueError: if it has one plane only, so that nothing tells what it should show.
    """
    examined = examine_heart(task, heart.batch, trained.preparation["spacing_mm"])
    if not examined:
        raise ValueError("the study has one plane only, so nothing tells what it should show")
    titles = plane_titles(heart.batch.view[0].tolist())
    return [score_plane(one, titles[one.plane], calibration, heart.beat_ms) for one in examined]


def row(subject: str, one: FlawScore) -> Row:
    """Return the table's row of one plane."""
    moved, other = one.examined.displacement, one.examined.mistaken
    return {
        "subject": subject,
        "plane": one.title,
        "flaw_score": float(one.score),
        "suspect": bool(one.suspect),
        "why": one.why,
        "problem": "",
        **{f"{name}_score": float(score) for name, score in one.scores.items()},
        "columns_mm": float(moved.columns_mm) if moved else np.nan,
        "rows_mm": float(moved.rows_mm) if moved else np.nan,
        "delay_beat": float(one.examined.delay.beat),
        "fits_view": other.view if other and other.gain > 0 else one.examined.view,
    }


def say(table: pd.DataFrame, calibration: Calibration) -> None:
    """Print the worst planes of all studies, and the problems."""
    judged = table[table["problem"] == ""].reindex(columns=["subject", "plane", "flaw_score", "suspect", "why"])
    count = int(judged["suspect"].astype(bool).sum())
    title = (
        f"{count} of {len(judged)} planes look wrong (score above {SUSPECT:g}, {calibration.subjects} usual studies)"
    )
    shown = Table("subject", "plane", "score", "why we think so", title=title)
    for subject, plane, score, suspect, why in judged.nlargest(SHOWN, "flaw_score").itertuples(index=False):
        shown.add_row(subject, plane, f"{score:.1f}", why, style="bold" if suspect else "")
    Console().print(shown)
    for subject, problem in table.loc[table["problem"] != "", ["subject", "problem"]].itertuples(index=False):
        print(f"{subject}: {problem}")
