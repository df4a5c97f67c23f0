"""A cohort in UK Biobank's archives: two zip files a visit, with tables of the truth and of faults."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np

from cmr_ssl.files import save, save_text
from cmr_ssl.phantom.archive_faults import ARCHIVE_RATES, REPEAT_VISITS, FaultNote, apply_archive_faults
from cmr_ssl.phantom.cohort_spec import FIRST_VISIT, CohortSpec, PresetName
from cmr_ssl.phantom.cohort_writer import SESSIONS, CohortFormat, save_patients, save_table
from cmr_ssl.phantom.examination import Exam, draw_starts
from cmr_ssl.phantom.person import PhantomStudy, scan, subject_id
from cmr_ssl.phantom.scanner_archive import archive_bytes, archive_name, archives_of
from cmr_ssl.phantom.truth_table import Row, session_row, truth_row

FAULTS = "faults.csv"
ROW = "{}.json"  # table row and faults of a subject, until the tables are written


def write_archives(out: Path, spec: CohortSpec, index: int) -> None:
    """Image every visit of subject `index` and write its archives, each whole, and then the record."""
    subject = subject_id(index)
    notes: list[FaultNote] = []
    line: Row = {}
    sessions: list[Row] = []
    for rng, visit, start in visits(spec, index):
        study = scan(spec, index, visit)
        line = line or truth_row(int(subject), study)
        sessions.append({"Visit": visit, **session_row(int(subject), study)})
        exam = Exam(spec.seed, subject, visit, start, study.world.scene.heart.beat.rr_ms, spec.scanner)
        notes += _write_visit(out, rng, spec, exam, study)
    record = {"row": line, "faults": [note._asdict() for note in notes], "sessions": sessions}
    save_text(out / ROW.format(subject), json.dumps(record, indent=1) + "\n")


def visits(spec: CohortSpec, index: int) -> Iterator[tuple[np.random.Generator, int, datetime]]:
    """Yield the visits of a subject: generator of the archives' faults, number, and start."""
    rng = np.random.default_rng((spec.seed, index, *b"archives"))
    count = 2 if rng.random() < REPEAT_VISITS[spec.faults] else 1
    for number, start in enumerate(draw_starts(rng, count), start=FIRST_VISIT):
        yield np.random.default_rng(int(rng.integers(2**63))), number, start


def write_tables(out: Path, spec: CohortSpec) -> None:
    """Write the tables of all finished subjects: truth with patients, scanning sessions, and faults."""
    records = [json.loads(path.read_text()) for path in sorted(out.glob(ROW.format("9" + "[0-9]" * 8)))]
    save_patients(out, spec, [record["row"] for record in records])
    save_table(out / SESSIONS, [line for record in records for line in record.get("sessions", [])])
    save_table(out / FAULTS, [note for record in records for note in record["faults"]], list(FaultNote._fields))


def _write_visit(
    out: Path, rng: np.random.Generator, spec: CohortSpec, exam: Exam, study: PhantomStudy
) -> list[FaultNote]:
    """Write the archives of one visit and return the record of its faults."""
    notes = [FaultNote(exam.subject, exam.visit, fault) for fault in study.faults]
    if exam.visit > FIRST_VISIT:
        notes.append(FaultNote(exam.subject, exam.visit, "repeat_visit"))
    for archive in archives_of(study):
        faulty, results = apply_archive_faults(rng, archive, study.world, ARCHIVE_RATES[spec.faults])
        save(out / archive_name(exam, archive.field), archive_bytes(exam, faulty))
        for name, result in results:
            notes.append(FaultNote(exam.subject, exam.visit, name, archive.field, result.where, result.value))
    return notes


MEGABYTES: dict[PresetName, int] = {"full": 120, "short": 45, "small": 9}
ARCHIVES = CohortFormat({"files": "archives"}, ROW, write_archives, write_tables, MEGABYTES)
