"""Volumes, ejection fractions and mass of every subject of a folder of label maps, as one table."""

import csv
import io
from collections import Counter
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

from cmr_ssl.cohort.withdrawal import Withdrawn
from cmr_ssl.doubts import notes, set_aside, without_doubtful
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
ROWS = 1  # which columns the table has and what they mean
LINES = 1  # the same of the long table of regional measures
NOT_ORIENTED = "the file of the short axis does not say how it lies, so base, apex and sides of the heart are unknown"
NOT_TIMED = "no label map tells a time between frames that gives a possible heart rate"


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
    mine = shard.part(subjects)
    made_of: dict[str, object] = {"files": [asdict(file) for file in source.files], "facts": source.facts, "rows": ROWS}
    settings = digest(made_of if by_region is None else made_of | {"lines": LINES})
    folder = out.with_name(f".{out.name}")
    journal = shard.journal(folder, settings)
    with Tally("measuring", out, len(mine)) as tally, exclusive_access(shard.folder(folder), settings):
        withdrawn.erase(folder, journals=shard.erasable(folder))
        if curves is not None:
            withdrawn.erase(curves, ["*.png"])
            _check_room(curves, overwrite or any(journal.records()))
        if by_region is not None:
            _check_unused(by_region, overwrite or any(journal.records()))
        steps = Steps(source, partial(quantify_subject, curves, by_region is not None), settings, curves or out)
        go_over(mine, steps, journal, tally, partial(_drawn, curves), workers, overwrite, out)
        records = journal.latest(subjects)
        rows = [quantified(record) for record in records]
        save_text(out, to_csv(rows))
        if by_region is not None:
            save_text(by_region, long_table((record.subject, region_values(record)) for record in records))
    if tally.stopped:
        return 1
    _summarise(rows, out)
    measured = (value for one in rows for name, value in one.values.items() if name != HEART_RATE)
    return 0 if any(map(np.isfinite, measured)) else 1


def quantify_subject(curves: Path | None, by_region: bool, subject: str, heart: LabelledHeart) -> Record:
    """Measure one subject and draw its curves; the record is rejected where there are none."""
    heart = set_aside(heart)
    maps = {view: one.map for view, one in heart.views.items()}
    measured = without_doubtful(measure(maps, heart.rate), heart)
    if curves is not None and measured.curves:
        _draw(curves / f"{subject}.png", heart, measured, subject)
    told = row(subject, heart, measured)._replace(notes=notes(heart))
    lines = [one._asdict() for one in regions(heart, measured)] if by_region else []
    return Record(subject, "accepted" if measured.curves else "rejected", rows=[told._asdict(), *lines])


def quantified(record: Record) -> Quantified:
    """Return the line of a subject from its record; nothing can be told of one that has no row."""
    if record.rows:
        return Quantified(**record.rows[0])
    nothing = row(record.subject, LabelledHeart({}, {}), measure({}, np.nan))
    return nothing._replace(reasons=dict.fromkeys(nothing.values, record.problem), damaged=True)


def region_values(record: Record) -> list[Value]:
    """Return a subject's lines of the long table from its record; of one without any, each says why."""
    if record.rows:
        return [Value(**line) for line in record.rows[1:]]
    nothing = regional({}, measure({}, np.nan), np.nan)
    return [one._replace(reason=record.problem) for one in nothing]


def regions(heart: LabelledHeart, measured: Measured) -> list[Value]:
    """Measure the regions of one heart whose volumes are known."""
    stack = heart.views.get(SHORT_AXIS)
    maps = {view: one.map for view, one in heart.views.items()}
    unsure = NOT_ORIENTED if stack is not None and not stack.oriented else ""
    return regional(maps, measured, np.nan if stack is None else stack.frame_ms, unsure)


def row(subject: str, heart: LabelledHeart, measured: Measured) -> Quantified:
    """Return a subject's line; frames count from 0."""
    unknown = measured.reasons.get("LVEF (%)")
    ed, es = (np.nan, np.nan) if unknown else ends_of_beat(measured.curves["LV"])
    reasons = heart.problems | measured.reasons | ({} if np.isfinite(heart.rate) else {HEART_RATE: NOT_TIMED})
    reasons |= dict.fromkeys((ED, ES), unknown) if unknown else {}
    values = measured.values | {HEART_RATE: heart.rate, ED: ed, ES: es}
    plain = {name: float(value) for name, value in values.items()}  # numbers that JSON knows
    return Quantified(subject, plain, reasons, bool(heart.problems))


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


def _check_room(curves: Path, replace: bool) -> None:
    if not replace and any(curves.glob("*.png")):
        raise ValueError(f"{curves} holds pictures: choose another --curves, or give --overwrite true")


def _check_unused(by_region: Path, replace: bool) -> None:
    if not replace and by_region.exists():
        raise ValueError(f"{by_region} is there: choose another --regional, or give --overwrite true")


def _drawn(curves: Path | None, subject: str) -> list[Path]:
    """Return what there is of a subject with curves."""
    return [] if curves is None else [curves / f"{subject}.png"]


def _draw(path: Path, heart: LabelledHeart, measured: Measured, title: str) -> None:
    from cmr_ssl.report.agreement_plots import draw_curves

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
