"""The command `quantify`: volumes, ejection fractions and mass of every subject of a folder of label maps."""

import csv
import io
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cmr_ssl.data.sources.label_folder import LabelFolder, LabelledHeart
from cmr_ssl.data.sources.nifti_files import LabelFile, NiftiFiles
from cmr_ssl.data.withdrawal import read_withdrawn
from cmr_ssl.doubts import notes, set_aside, trusted
from cmr_ssl.files import check_apart, save_text
from cmr_ssl.machine import in_words, raise_if_stopped
from cmr_ssl.planes import SHORT_AXIS
from cmr_ssl.volumes import FOUR_CHAMBER, TWO_CHAMBER, Measured, ends_of_beat, measure
from cmr_ssl.workers import pool

FIELD_FILES = NiftiFiles()
MEASURED_ON = (SHORT_AXIS, TWO_CHAMBER, FOUR_CHAMBER)
HEART_RATE, ED, ES, MISSING = "Heart rate (bpm)", "ED frame", "ES frame", "Not measurable"
MS_A_MINUTE = 60e3
NOT_TIMED = "no label map tells a time between frames that gives a possible heart rate"
MOST_REASONS = 8  # lines of the summary; the table holds them all


class Quantified(NamedTuple):
    """One subject's line of the table.

    Attributes:
        subject: name of the folder.
        values: column to value, NaN where it cannot be told.
        reasons: column, or view, or "" for the whole subject, to what is wrong.
        damaged: whether a file could not be used or there is none, not merely a view was missing.
        notes: what is odd about files that were measured all the same.
    """

    subject: str
    values: dict[str, float]
    reasons: dict[str, str]
    damaged: bool
    notes: tuple[str, ...] = ()


def quantify(
    labels: Path,
    out: Path,
    files: NiftiFiles = FIELD_FILES,
    workers: int = 1,
    curves: Path | None = None,
    overwrite: bool = False,
    withdrawn: Path | None = None,
) -> int:
    """Measure volumes, ejection fractions and mass on label maps, by the field's formulas; no images are needed.

    Args:
        labels: folder with one sub-folder a subject.
        out: CSV to write, one line a subject; frames count from 0, what cannot be measured is empty and
            the last column says why.
        files: how a subject's label maps are called; the first one found of a view wins.
        workers: processes that measure subjects side by side.
        curves: folder for a picture of every subject's volumes over time.
        overwrite: replace the table and the pictures that are already there.
        withdrawn: text or CSV file of participants who withdrew: what is there of them is not read, and what this
            command wrote of them is removed.

    Returns:
        Exit status: 0 if anything could be measured, else 1.

    Raises:
        FileExistsError: if the table or pictures are there and may not be replaced.
        FileNotFoundError: if no subject has a label map.
        ValueError: if there is no worker, nothing to measure on is named, a file cannot be read or written, or the
            pictures would lie among the label maps.
    """
    if workers < 1:
        raise ValueError(f"{workers} workers measure nothing: give at least 1")
    _check_room(out, curves, overwrite)
    source = LabelFolder(labels, _needed(files), files.facts)
    gone = read_withdrawn(withdrawn)
    subjects = source.subjects()
    if curves is not None:
        check_apart(labels, curves, subjects)
        gone.erase(curves, ["*.png"])
    subjects = gone.leave(subjects, labels)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)  # what cannot be written should say so before the work is done
        rows = _all_rows(partial(quantify_subject, source, curves), subjects, workers)
        save_text(out, to_csv(rows))
    except OSError as error:
        raise ValueError(in_words(error, out)) from error
    _summarise(rows, out)
    return (
        0 if any(np.isfinite(value) for one in rows for name, value in one.values.items() if name != HEART_RATE) else 1
    )


def quantify_subject(source: LabelFolder, curves: Path | None, subject: str) -> Quantified:
    """Measure one subject and draw its curves; whatever is wrong with its files becomes a reason."""
    try:
        heart = set_aside(source.read(subject))
        rate = heart_rate(heart)
        measured = trusted(measure({view: one.map for view, one in heart.views.items()}, rate), heart)
    except Exception as error:
        raise_if_stopped(error)
        return failed(subject, error)
    if curves is not None and measured.curves:
        _draw(curves / f"{subject}.png", heart, measured, subject)
    return row(subject, heart, measured, rate)._replace(notes=notes(heart))


def heart_rate(heart: LabelledHeart) -> float:
    """Return beats per minute by the first view, the short axis if it can, whose header tells; else NaN."""
    beats = (one.frame_ms * len(one.map.labels) for one in heart.views.values())
    return next((MS_A_MINUTE / beat for beat in beats if np.isfinite(beat)), float("nan"))


def row(subject: str, heart: LabelledHeart, measured: Measured, rate: float) -> Quantified:
    """Return a subject's line; frames count from 0."""
    unknown = measured.reasons.get("LVEF (%)")
    ed, es = (np.nan, np.nan) if unknown else ends_of_beat(measured.curves["LV"])
    reasons = heart.problems | measured.reasons | ({} if np.isfinite(rate) else {HEART_RATE: NOT_TIMED})
    reasons |= dict.fromkeys((ED, ES), unknown) if unknown else {}
    return Quantified(subject, measured.values | {HEART_RATE: rate, ED: ed, ES: es}, reasons, bool(heart.problems))


def failed(subject: str, error: Exception) -> Quantified:
    """Return the line of a subject that nothing can be told of."""
    nothing = row(subject, LabelledHeart({}, {}), measure({}, np.nan), np.nan)
    reason = f"unexpected {type(error).__name__}: {error}"
    return nothing._replace(reasons=dict.fromkeys(nothing.values, reason), damaged=True)


def grouped(reasons: dict[str, str]) -> list[str]:
    """Return `name, name: reason` for every different reason."""
    names: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        names.setdefault(" ".join(reason.split()), []).append(name)
    return [f"{', '.join(group)}: {reason}" if any(group) else reason for reason, group in names.items()]


def to_csv(rows: list[Quantified]) -> str:
    """Return the table as text, four decimals, nothing where a value is NaN."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    columns = list(rows[0].values)
    writer.writerow(["subject", *columns, MISSING])
    for one in rows:
        cells = [_cell(name, one.values[name]) for name in columns]
        # A folder's name need not be valid text; a table's must.
        remarks = "; ".join([*grouped(one.reasons), *(f"noted: {note}" for note in one.notes)])
        text = [cell.encode(errors="backslashreplace").decode() for cell in (one.subject, remarks)]
        writer.writerow([text[0], *cells, text[1]])
    return stream.getvalue()


def _cell(name: str, value: float) -> str:
    if np.isnan(value):
        return ""
    return f"{value:.0f}" if name in (ED, ES) else f"{value:.4f}"


def _all_rows(work: Callable[[str], Quantified], subjects: list[str], workers: int) -> list[Quantified]:
    """Measure all subjects, in their order, under a bar that counts those with damaged files."""
    columns = (TextColumn("measuring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    problems = TextColumn("{task.fields[damaged]} with a problem")
    rows: list[Quantified] = []
    with Progress(*columns, problems, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        damaged, task = 0, bar.add_task("", total=len(subjects), damaged=0)
        for one in _outcomes(work, subjects, workers):
            rows.append(one)
            damaged += one.damaged
            bar.update(task, advance=1, damaged=damaged)
    return rows


def _outcomes(work: Callable[[str], Quantified], subjects: list[str], workers: int) -> Iterator[Quantified]:
    if workers == 1:
        yield from map(work, subjects)
        return
    with pool(workers) as processes:
        yield from processes.map(work, subjects)


def _needed(files: NiftiFiles) -> list[LabelFile]:
    """Return the label files that the formulas ask for."""
    needed = [file for file in files.labels if file.view in MEASURED_ON]
    if not needed:
        raise ValueError(f"--files names no label map of {', '.join(MEASURED_ON)}: nothing can be measured")
    return needed


def _check_room(out: Path, curves: Path | None, overwrite: bool) -> None:
    if out.is_dir():
        raise FileExistsError(f"{out} is a folder: name the CSV file to write")
    if not overwrite and out.exists():
        raise FileExistsError(f"{out} exists: choose another --out, or replace it with --overwrite")
    if not overwrite and curves is not None and any(curves.glob("*.png")):
        raise FileExistsError(f"{curves} holds pictures: choose another --curves, or give --overwrite")


def _draw(path: Path, heart: LabelledHeart, measured: Measured, title: str) -> None:
    from cmr_ssl.report.agreement import draw_curves

    leading = next(iter(heart.views.values()))
    path.parent.mkdir(parents=True, exist_ok=True)
    draw_curves(path, measured.curves, leading.frame_ms if np.isfinite(leading.frame_ms) else None, title)


def _summarise(rows: list[Quantified], out: Path) -> None:
    """Say what could be measured and the commonest reasons why not more."""
    complete = sum(not one.reasons for one in rows)
    print(f"{len(rows)} subjects in {out}: {complete} complete, {sum(one.damaged for one in rows)} with a problem")
    counts = Counter(reason for one in rows for reason in grouped(one.reasons))
    counts.update(f"noted: {note}" for one in rows for note in one.notes)
    for reason, count in counts.most_common(MOST_REASONS):
        print(f"{count:8d}  {reason}")
