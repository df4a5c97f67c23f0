"""Inspect the planes of every study of a folder."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from cmr_ssl.checkpoints import fingerprint
from cmr_ssl.data.sources import NiftiFolder
from cmr_ssl.data.withdrawal import NOBODY, Withdrawn
from cmr_ssl.devices import has_bfloat16
from cmr_ssl.inference.prepared import Prepared, read_subject
from cmr_ssl.inspection.calibration import Calibration, calibrate, read_calibration, write_calibration
from cmr_ssl.inspection.examine import examine
from cmr_ssl.inspection.learning import examine_cache
from cmr_ssl.inspection.pictures import draw_worst
from cmr_ssl.inspection.verdict import SUSPECT, Verdict, judge
from cmr_ssl.machine import raise_if_stopped
from cmr_ssl.report.montage import plane_titles
from cmr_ssl.report.tables import write_csv
from cmr_ssl.synthesis.subjects import load_pretraining
from cmr_ssl.tasks.pretraining import PretrainingTask
from cmr_ssl.tasks.trained import Trained

TABLE = "inspection.csv"
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
    checkpoint: Path, folder: NiftiFolder, learning: Learning, out: Path | None, device: torch.device
) -> int:
    """Inspect every study of a folder, say what was found, and return how many studies could be inspected.

    Raises:
        FileNotFoundError: if checkpoint, subjects, cache or calibration are missing.
        ValueError: if they do not belong together.
    """
    task, trained = load_pretraining(checkpoint, device)
    subjects = learning.withdrawn.leave(folder.subjects(), folder.folder)
    if out is not None:
        learning.withdrawn.erase(out, ["*.png"], rows=[TABLE])
    with torch.autocast(device.type, torch.bfloat16, enabled=has_bfloat16(device)):
        calibration = calibrated(checkpoint, learning, task, trained, device)
        table = pd.DataFrame(list(_rows(task, trained, folder, subjects, calibration, out, device)))
    if out is not None:
        write_csv(out / TABLE, table)
        print(f"Table and pictures: {out}")
    say(table, calibration)
    return int(table["subject"][table["problem"] == ""].nunique())


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


def _rows(
    task: PretrainingTask,
    trained: Trained,
    folder: NiftiFolder,
    subjects: list[str],
    calibration: Calibration,
    out: Path | None,
    device: torch.device,
) -> Iterator[Row]:
    """Yield a row a plane, one study after the other; a study that fails has one row, with its problem."""
    for subject in track(subjects, "inspecting"):
        try:
            heart = read_subject(folder, subject, trained, device)
            verdicts = inspect_study(task, heart, trained, calibration)
            if out is not None:
                draw_worst(out / f"{subject}.png", verdicts)
        except Exception as error:  # one subject among thousands must not stop the others
            raise_if_stopped(error)
            yield {"subject": subject, "problem": f"{type(error).__name__}: {error}"}
            continue
        yield from (row(subject, one) for one in verdicts)


def inspect_study(task: PretrainingTask, heart: Prepared, trained: Trained, calibration: Calibration) -> list[Verdict]:
    """Judge all planes of a study.

    Raises:
        ValueError: if it has one plane only, so that nothing tells what it should show.
    """
    examined = examine(task, heart.batch, trained.preparation["spacing_mm"])
    if not examined:
        raise ValueError("the study has one plane only, so nothing tells what it should show")
    titles = plane_titles(heart.batch.view[0].tolist())
    return [judge(one, titles[one.plane], calibration, heart.beat_ms) for one in examined]


def row(subject: str, one: Verdict) -> Row:
    """Return the table's row of one plane."""
    moved, other = one.examined.displacement, one.examined.mistaken
    return {
        "subject": subject,
        "plane": one.title,
        "flaw_score": one.score,
        "suspect": one.suspect,
        "why": one.why,
        "problem": "",
        **{f"{name}_score": score for name, score in one.scores.items()},
        "columns_mm": moved.columns_mm if moved else np.nan,
        "rows_mm": moved.rows_mm if moved else np.nan,
        "delay_beat": one.examined.delay.beat,
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
