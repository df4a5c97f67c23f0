"""What came out of an import: one row a subject in import.csv, one row a finding in findings.csv."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

from cmr_ssl.cohort.cohort_table import reasons
from cmr_ssl.files import save_text
from cmr_ssl.journal import Record

SUBJECTS, FINDINGS = "import.csv", "findings.csv"
SUBJECT_COLUMNS = (
    "subject", "status", "views", "planes", "sa_slices", "frames", "beat_ms", "heart_rate_bpm", "spacing_mm", "reasons"
)  # fmt: skip
FINDING_COLUMNS = ("subject", "where", "code", "severity", "value", "message")
MINUTE_MS = 60_000.0


def write_tables(out: Path, records: dict[str, Record]) -> Path:
    """Write both tables, each atomically, and return where the table of subjects lies."""
    ordered = [records[subject] for subject in sorted(records)]
    _write(out / FINDINGS, FINDING_COLUMNS, (row for record in ordered for row in finding_rows(record)))
    _write(out / SUBJECTS, SUBJECT_COLUMNS, map(subject_row, ordered))
    return out / SUBJECTS


def subject_row(record: Record) -> list[object]:
    """Return the row of one subject."""
    beat, size = record.beat_ms, record.spacing_mm
    return [
        record.subject,
        record.status,
        record.views,
        record.planes,
        record.sa_slices,
        record.frames,
        "" if beat is None else f"{beat:.1f}",
        "" if beat is None else f"{MINUTE_MS / beat:.1f}",
        "" if size is None else f"{size:.4f}",
        reasons(record),
    ]


def finding_rows(record: Record) -> list[list[object]]:
    """Return the rows of one subject's findings."""
    return [
        [
            record.subject,
            found.where,
            found.code,
            found.severity,
            "" if found.value is None else f"{found.value:.6g}",
            found.message,
        ]
        for found in record.findings
    ]


def _write(path: Path, header: Iterable[str], rows: Iterable[list[object]]) -> None:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(header)
    table.writerows(rows)
    save_text(path, text.getvalue())
