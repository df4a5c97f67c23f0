"""A cohort as UK Biobank hands it out: two zip files a visit, and beside them what only a generator knows."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np

from cmr_ssl.phantom.archive_faults import ARCHIVE_RATES, REPEAT_VISITS, FaultNote, strike_archive
from cmr_ssl.phantom.cohort_spec import CohortSpec
from cmr_ssl.phantom.cohort_writer import PARTIAL, SESSIONS, Filing, save_patients, save_table
from cmr_ssl.phantom.examination import Exam, draw_starts
from cmr_ssl.phantom.person import FIRST_VISIT, PhantomStudy, scan, subject_id
from cmr_ssl.phantom.scanner_archive import archive_bytes, archive_name, archives_of
from cmr_ssl.phantom.truth_table import Row, row, session_row

FAULTS = "faults.csv"


def archives_row(subject: str) -> str:
    """Return where a subject's line of the table and the record of the faults lie until the tables are written."""
    return f"{subject}.json"


def write_archives(out: Path, order: CohortSpec, index: int) -> None:
    """Image every visit of subject `index` and file its archives; each appears whole, and the record comes last."""
    subject = subject_id(index)
    notes: list[FaultNote] = []
    line: Row = {}
    sessions: list[Row] = []
    for rng, visit, start in visits(order, index):
        study = scan(order, index, visit)
        line = line or row(int(subject), study)
        sessions.append({"Visit": visit, **session_row(int(subject), study)})
        exam = Exam(order.seed, subject, visit, start, study.world.scene.heart.beat.rr_ms, order.scanner)
        notes += _file(out, rng, order, exam, study)
    record = {"row": line, "faults": [note._asdict() for note in notes], "sessions": sessions}
    _write(out / archives_row(subject), (json.dumps(record, indent=1) + "\n").encode())


def visits(order: CohortSpec, index: int) -> Iterator[tuple[np.random.Generator, int, datetime]]:
    """Yield the visits of a subject: a generator for what happens to their archives, the number, and when it was."""
    rng = np.random.default_rng((order.seed, index, *b"archives"))
    count = 2 if rng.random() < REPEAT_VISITS[order.faults] else 1
    for number, start in enumerate(draw_starts(rng, count), start=FIRST_VISIT):
        yield np.random.default_rng(int(rng.integers(2**63))), number, start


def write_tables(out: Path, order: CohortSpec) -> None:
    """Gather the tables of all finished subjects: who they are, what went wrong, and what scanned them."""
    records = [json.loads(path.read_text()) for path in sorted(out.glob(archives_row("9" + "[0-9]" * 8)))]
    save_patients(out, order, [record["row"] for record in records])
    save_table(out / SESSIONS, [line for record in records for line in record.get("sessions", [])])
    save_table(out / FAULTS, [note for record in records for note in record["faults"]], list(FaultNote._fields))


def _file(out: Path, rng: np.random.Generator, order: CohortSpec, exam: Exam, study: PhantomStudy) -> list[FaultNote]:
    """Write the archives of one visit and return the record of its faults."""
    notes = [FaultNote(exam.subject, exam.visit, fault) for fault in study.faults]
    if exam.visit > FIRST_VISIT:
        notes.append(FaultNote(exam.subject, exam.visit, "repeat_visit"))
    for archive in archives_of(study):
        filed, struck = strike_archive(rng, archive, study.world, ARCHIVE_RATES[order.faults])
        _write(out / archive_name(exam, archive.field), archive_bytes(exam, filed))
        notes += [FaultNote(exam.subject, exam.visit, name, archive.field, s.where, s.value) for name, s in struck]
    return notes


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(f"{PARTIAL}{path.name}")
    partial.write_bytes(content)
    partial.replace(path)


ARCHIVES = Filing(
    {"files": "archives"}, archives_row, write_archives, write_tables, {"full": 120, "short": 45, "small": 9}
)
