"""Measure volumes, ejection fractions and mass of every subject of a folder of label maps."""

import csv
import io
from collections import Counter
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cmr_ssl.cohort.withdrawal import Withdrawn
from cmr_ssl.doubts import notes, without_doubtful, without_implausible
from cmr_ssl.files import check_apart, digest, save_text
from cmr_ssl.journal import Record
from cmr_ssl.lock import exclusive_access
from cmr_ssl.measures import Value, regional
from cmr_ssl.measures import to_csv as long_table
from cmr_ssl.planes import SHORT_AXIS
from cmr_ssl.runner.progress import MOST_REASONS, Tally
from cmr_ssl.runner.run import Shard, Steps, go_over
from cmr_ssl.sources.label_folder import LabelFolder, LabelledHeart
from cmr_ssl.volumes import MISSING, Measured, ends_of_beat, grouped, measure
from cmr_ssl.workers import Workers

HEART_RATE, ED, ES = "Heart rate (bpm)", "ED frame", "ES frame"
ROWS = 1  # version of the columns of the table
LINES = 1  # the same of the long table of regional measures
NOT_ORIENTED = "the file of the short axis does not say how it lies, so base, apex and sides of the heart are unknown"
NOT_TIMED = "no label map tells a time between frames that gives a possible heart rate"


class Quantified(NamedTuple):
    """One subject's line of the table.

    Attributes:
        subject: name of the folder.
        values: column to value, NaN where unknown.
        reasons: column, or view, or "" for the whole subject, to the problem.
        damaged: whether a file could not be used or there is none; a missing view alone does not count.
        notes: about unusual files that were measured all the same.
    """

    subject: str
    values: dict[str, float]
    reasons: dict[str, str]
    damaged: bool
    notes: tuple[str, ...] = ()


def quantify_folder(
    source: LabelFolder,
    out: Path,
    curves: Path | None,
    workers: Workers,
    shard: Shard,
    withdrawn: Withdrawn,
    overwrite: bool,
    by_region: Path | None = None,
) -> int:
    """Measure every subject of a folder and write the tables; return the exit status of `quantify`."""
    everybody = source.subjects()
    if curves is not None:
        check_apart(source.folder, curves, everybody)
    subjects = withdrawn.remaining(everybody, source.folder)
    shard_subjects = shard.part(subjects)
    inputs: dict[str, object] = {
        "files": [file.settings() for file in source.files],
        "facts": source.facts,
        "rows": ROWS,
    }
    settings = digest(inputs if by_region is None else inputs | {"lines": LINES})
    folder = out.with_name(f".{out.name}")
    journal = shard.journal(folder, settings)
    with Tally("measuring", out, len(shard_subjects)) as tally, exclusive_access(shard.folder(folder), settings):
        withdrawn.erase(folder, journals=shard.erasable(folder))
        if curves is not None:
            withdrawn.erase(curves, ["*.png"])
        if not overwrite and not any(journal.records()):
            _check_unused(curves, by_region)
        steps = Steps(source, partial(quantify_subject, curves, by_region is not None), settings, curves or out)
        pictures = (lambda subject: [curves / f"{subject}.png"]) if curves else None
        go_over(shard_subjects, steps, journal, tally, pictures, workers, overwrite, out)
        records = journal.latest(subjects)
        rows = [quantified(record) for record in records]
        save_text(out, to_csv(rows))
        if by_region is not None:
            save_text(by_region, long_table((record.subject, region_values(record)) for record in records))
    if tally.stopped:
        return 1
    _print_summary(rows, out)
    values = (value for row in rows for name, value in row.values.items() if name != HEART_RATE)
    return 0 if any(map(np.isfinite, values)) else 1


def quantify_subject(curves: Path | None, by_region: bool, subject: str, heart: LabelledHeart) -> Record:
    """Measure one subject and draw its curves; the record is rejected where there are none."""
    heart = without_implausible(heart)
    maps = {name: view.map for name, view in heart.views.items()}
    measured = without_doubtful(measure(maps, heart.rate), heart)
    if curves is not None and measured.curves:
        _draw(curves / f"{subject}.png", heart, measured, subject)
    row = subject_row(subject, heart, measured)._replace(notes=notes(heart))
    lines = [value._asdict() for value in regions(heart, measured)] if by_region else []
    return Record(subject, "accepted" if measured.curves else "rejected", rows=[row._asdict(), *lines])


def quantified(record: Record) -> Quantified:
    """Return the line of a subject from its record; that of a failed one has its problem as reason everywhere."""
    if record.rows:
        return Quantified(**record.rows[0])
    empty = subject_row(record.subject, LabelledHeart({}, {}), measure({}, np.nan))
    return empty._replace(reasons=dict.fromkeys(empty.values, record.problem), damaged=True)


def region_values(record: Record) -> list[Value]:
    """Return a subject's lines of the long table from its record; those of a failed one have its problem as reason."""
    if record.rows:
        return [Value(**line) for line in record.rows[1:]]
    return [value._replace(reason=record.problem) for value in regional({}, measure({}, np.nan), np.nan)]


def regions(heart: LabelledHeart, measured: Measured) -> list[Value]:
    """Measure the regions of one heart whose volumes are known."""
    stack = heart.views.get(SHORT_AXIS)
    maps = {name: view.map for name, view in heart.views.items()}
    unsure = NOT_ORIENTED if stack is not None and not stack.oriented else ""
    return regional(maps, measured, np.nan if stack is None else stack.frame_ms, unsure)


def subject_row(subject: str, heart: LabelledHeart, measured: Measured) -> Quantified:
    """Return a subject's line; frames count from 0."""
    unknown = measured.reasons.get("LVEF (%)")
    ed, es = (np.nan, np.nan) if unknown else ends_of_beat(measured.curves["LV"])
    reasons = heart.problems | measured.reasons | ({} if np.isfinite(heart.rate) else {HEART_RATE: NOT_TIMED})
    reasons |= dict.fromkeys((ED, ES), unknown) if unknown else {}
    values = measured.values | {HEART_RATE: heart.rate, ED: ed, ES: es}
    plain = {name: float(value) for name, value in values.items()}  # which JSON can represent
    return Quantified(subject, plain, reasons, bool(heart.problems))


def to_csv(rows: list[Quantified]) -> str:
    """Return the table as text, four decimals, empty where a value is NaN."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    columns = list(rows[0].values)
    writer.writerow(["subject", *columns, MISSING])
    for row in rows:
        cells = [_cell(name, row.values[name]) for name in columns]
        # A folder's name need not be valid text; a table's must.
        remarks = "; ".join([*grouped(row.reasons), *(f"noted: {note}" for note in row.notes)])
        subject, remarks = (text.encode(errors="backslashreplace").decode() for text in (row.subject, remarks))
        writer.writerow([subject, *cells, remarks])
    return stream.getvalue()


def _cell(name: str, value: float) -> str:
    if np.isnan(value):
        return ""
    return f"{value:.0f}" if name in (ED, ES) else f"{value:.4f}"


def _check_unused(curves: Path | None, by_region: Path | None) -> None:
    if curves is not None and any(curves.glob("*.png")):
        raise ValueError(f"{curves} holds pictures: choose another --curves, or give --overwrite true")
    if by_region is not None and by_region.exists():
        raise ValueError(f"{by_region} is there: choose another --regional, or give --overwrite true")


def _draw(path: Path, heart: LabelledHeart, measured: Measured, title: str) -> None:
    from cmr_ssl.report.agreement_plots import draw_curves

    leading = next(iter(heart.views.values()))
    path.parent.mkdir(parents=True, exist_ok=True)
    draw_curves(path, measured.curves, leading.frame_ms if np.isfinite(leading.frame_ms) else None, title)


def _print_summary(rows: list[Quantified], out: Path) -> None:
    """Print how many subjects are complete, and the commonest reasons why others are not."""
    complete = sum(not row.reasons for row in rows)
    print(f"{len(rows)} subjects in {out}: {complete} complete, {sum(row.damaged for row in rows)} with a problem")
    counts = Counter(reason for row in rows for reason in grouped(row.reasons))
    counts.update(f"noted: {note}" for row in rows for note in row.notes)
    for reason, count in counts.most_common(MOST_REASONS):
        print(f"{count:8d}  {reason}")
