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
from cmr_ssl.cohort.withdrawal import NONE_WITHDRAWN, Withdrawn
from cmr_ssl.devices import fast_precision
from cmr_ssl.files import digest
from cmr_ssl.inference.prepared import Prepared, prepare
from cmr_ssl.inference.pretrained import load_pretraining
from cmr_ssl.inspection.calibration import Calibration, calibrate, read_calibration, write_calibration
from cmr_ssl.inspection.flaw_score import SUSPECT, FlawScore, score_plane
from cmr_ssl.inspection.plane_examination import examine_heart
from cmr_ssl.inspection.usual_planes import examine_cache
from cmr_ssl.inspection.worst import draw_worst
from cmr_ssl.journal import Journal, Record
from cmr_ssl.lock import exclusive_access
from cmr_ssl.report.montage import plane_titles
from cmr_ssl.report.tables import write_csv
from cmr_ssl.runner.progress import Tally
from cmr_ssl.runner.run import Shard, Steps, go_over
from cmr_ssl.sources import NiftiFolder
from cmr_ssl.study import Study
from cmr_ssl.tasks.pretraining import PretrainingTask
from cmr_ssl.tasks.trained import Trained

TABLE, JOURNAL = "inspection.csv", ".inspect"
ROWS = 1  # version of the columns of the table
Row = dict[str, object]
SHOWN = 24  # planes on the screen, the worst; the table holds them all


class CalibrationSource(NamedTuple):
    """Where the calibration comes from.

    Attributes:
        path: JSON file of the calibration.
        cache: studies to learn it from; None to read the file.
        subjects: how many of them.
        table: with the column by which training was split, where the cache's own has none.
        withdrawn: participants who are neither learnt from nor inspected.
    """

    path: Path
    cache: Path | None
    subjects: int
    table: Path | None = None
    withdrawn: Withdrawn = NONE_WITHDRAWN


@torch.inference_mode()
def inspect_folder(
    checkpoint: Path,
    folder: NiftiFolder,
    source: CalibrationSource,
    out: Path | None,
    device: torch.device,
    shard: Shard,
    overwrite: bool,
) -> Tally:
    """Inspect every study of a folder that is not done and print the worst planes; see the command `inspect`."""
    task, trained = load_pretraining(checkpoint, device)
    subjects = source.withdrawn.remaining(folder.subjects(), folder.folder)
    with fast_precision(device):
        calibration = load_or_learn(checkpoint, source, task, trained, device)
        settings = digest({"usual": repr(calibration), "files": folder.files.settings(), "rows": ROWS})
        shard_subjects = shard.part(subjects)
        journal = Journal(None, settings) if out is None else shard.journal(out / JOURNAL, settings)
        inspect = partial(inspect_subject, task, trained, calibration, out)
        steps = Steps(folder, inspect, settings, out or folder.folder)
        lock = nullcontext() if out is None else exclusive_access(shard.folder(out / JOURNAL), settings)
        with Tally("inspecting", steps.out, len(shard_subjects)) as tally, lock:
            if out is not None:
                shard.remove_halves(out)
                journals = [f"{JOURNAL}/{name}" for name in shard.erasable(out / JOURNAL)]
                source.withdrawn.erase(out, ["*.png"], journals, [TABLE])
            path = out and out / TABLE
            go_over(shard_subjects, steps, journal, tally, partial(_pictures, out), overwrite=overwrite, table=path)
            table = pd.DataFrame([row for record in journal.latest(subjects) for row in rows(record)])
            if path is not None:
                write_csv(path, table)
                print(f"Table and pictures: {out}")
            print_worst(table, calibration)
    return tally


def load_or_learn(
    checkpoint: Path, source: CalibrationSource, task: PretrainingTask, trained: Trained, device: torch.device
) -> Calibration:
    """Read the calibration, or learn and write it where a cache is given."""
    model = fingerprint(checkpoint)
    if source.cache is None:
        return read_calibration(source.path, model)
    planes = examine_cache(
        checkpoint, source.cache, source.subjects, task, trained, device, source.table, source.withdrawn
    )
    calibration = calibrate(planes, model)
    write_calibration(source.path, calibration)
    return calibration


def inspect_subject(
    task: PretrainingTask, trained: Trained, calibration: Calibration, out: Path | None, subject: str, study: Study
) -> Record:
    """Inspect a study and draw its worst planes; the record has a row a plane."""
    scores = inspect_study(task, prepare(study, trained, task.device), trained, calibration)
    if out is not None:
        draw_worst(out / f"{subject}.png", scores)
    return Record(subject, "accepted", rows=[plane_row(subject, score) for score in scores])


def rows(record: Record) -> list[Row]:
    """Return the table's rows of a study; a failed one has one row with its problem."""
    return record.rows or [{"subject": record.subject, "problem": record.problem}]


def _pictures(out: Path | None, subject: str) -> list[Path]:
    return [] if out is None else [out / f"{subject}.png"]


def inspect_study(
    task: PretrainingTask, heart: Prepared, trained: Trained, calibration: Calibration
) -> list[FlawScore]:
    """Score all planes of a study; raise ValueError if it has one plane only, which cannot be predicted."""
    examined = examine_heart(task, heart.batch, trained.preparation["spacing_mm"])
    if not examined:
        raise ValueError("the study has one plane only, so nothing tells what it should show")
    titles = plane_titles(heart.batch.view[0].tolist())
    return [score_plane(plane, titles[plane.plane], calibration, heart.beat_ms) for plane in examined]


def plane_row(subject: str, plane: FlawScore) -> Row:
    """Return the table's row of one plane."""
    displacement, mistaken = plane.examined.displacement, plane.examined.mistaken
    return {
        "subject": subject,
        "plane": plane.title,
        "flaw_score": float(plane.score),
        "suspect": bool(plane.suspect),
        "why": plane.why,
        "problem": "",
        **{f"{name}_score": float(score) for name, score in plane.scores.items()},
        "columns_mm": float(displacement.columns_mm) if displacement else np.nan,
        "rows_mm": float(displacement.rows_mm) if displacement else np.nan,
        "delay_beat": float(plane.examined.delay.beat),
        "fits_view": mistaken.view if mistaken and mistaken.gain > 0 else plane.examined.view,
    }


def print_worst(table: pd.DataFrame, calibration: Calibration) -> None:
    """Print the worst planes of all studies, and the problems."""
    scored = table[table["problem"] == ""].reindex(columns=["subject", "plane", "flaw_score", "suspect", "why"])
    count = int(scored["suspect"].astype(bool).sum())
    title = (
        f"{count} of {len(scored)} planes look wrong (score above {SUSPECT:g}, {calibration.subjects} usual studies)"
    )
    lines = Table("subject", "plane", "score", "why we think so", title=title)
    for subject, plane, score, suspect, why in scored.nlargest(SHOWN, "flaw_score").itertuples(index=False):
        lines.add_row(subject, plane, f"{score:.1f}", why, style="bold" if suspect else "")
    Console().print(lines)
    for subject, problem in table.loc[table["problem"] != "", ["subject", "problem"]].itertuples(index=False):
        print(f"{subject}: {problem}")
