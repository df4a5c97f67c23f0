"""Tables of an import: one row a subject in import.csv, one row a finding in findings.csv."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from cmr_ssl.cohort.cohort_table import reasons
from cmr_ssl.files import save_text
from cmr_ssl.journal import Record
from cmr_ssl.volumes import MS_A_MINUTE

SUBJECTS, FINDINGS = "import.csv", "findings.csv"
SUBJECT_COLUMNS = (
    "subject", "status", "views", "planes", "sa_slices", "frames", "beat_ms", "heart_rate_bpm", "spacing_mm", "reasons"
)  # fmt: skip
FINDING_COLUMNS = ("subject", "where", "code", "severity", "value", "message")


def write_tables(out: Path, records: dict[str, Record]) -> Path:
    """Write both tables, each atomically, and return the path of the table of subjects."""
    ordered = [records[subject] for subject in sorted(records)]
    _write(out / FINDINGS, FINDING_COLUMNS, (row for record in ordered for row in finding_rows(record)))
    _write(out / SUBJECTS, SUBJECT_COLUMNS, map(subject_row, ordered))
    return out / SUBJECTS


def subject_row(record: Record) -> list[object]:
    """Return the row of one subject."""
    beat, size = record.beat_ms, record.spacing_mm
    times = ["", ""] if beat is None else [f"{beat:.1f}", f"{MS_A_MINUTE / beat:.1f}"]
    counts = [record.views, record.planes, record.sa_slices, record.frames]
    return [record.subject, record.status, *counts, *times, "" if size is None else f"{size:.4f}", reasons(record)]


def finding_rows(record: Record) -> list[list[object]]:
    """Return the rows of one subject's findings."""
    return [
        [record.subject, finding.where, finding.code, finding.severity, _number(finding.value), finding.message]
        for finding in record.findings
    ]


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.6g}"


def _write(path: Path, header: Iterable[str], rows: Iterable[list[object]]) -> None:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerows([header, *rows])
    save_text(path, text.getvalue())
