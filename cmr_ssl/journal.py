"""Journals: one line of JSON a finished subject, appended as results arrive, from which a restart continues.

A process killed while writing leaves a torn last line, which is ignored: its subject is processed again. Every line
names its subject and the digest of its settings; the rest depends on the command.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from cmr_ssl.files import save_text
from cmr_ssl.study import Finding

RECORDS = "records.jsonl"  # file name of journals
Status = Literal["accepted", "repaired", "rejected"]


@dataclass(frozen=True)
class Record:
    """The result of one subject.

    Attributes:
        subject: its id.
        status: accepted, repaired (or a part was rejected), or rejected.
        settings: digest of the settings it was processed with.
        fingerprint: of its files, see `study.Source`; empty if the subject is to be tried again.
        findings: in the order of processing.
        planes: usable planes; sa_slices of them are short axis.
        sa_slices: usable short-axis slices.
        views: usable views, joined by commas.
        frames: frames of the leading series as acquired.
        cine: whether those make a beat.
        beat_ms: length of the beat; None where unknown.
        spacing_mm: pixel size of the leading series as acquired; None for a rejected subject.
        labelled: whether any plane has a label map.
        rows: of the tables of commands other than those that import and prepare.
    """

    subject: str
    status: Status
    settings: str = ""
    fingerprint: str = ""
    findings: list[Finding] = field(default_factory=list)
    planes: int = 0
    sa_slices: int = 0
    views: str = ""
    frames: int = 0
    cine: bool = False
    beat_ms: float | None = None
    spacing_mm: float | None = None
    labelled: bool = False
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def problem(self) -> str:
        """All messages of a rejected subject; empty for others."""
        return "; ".join(finding.message for finding in self.findings) if self.status == "rejected" else ""


class Done(NamedTuple):
    """The part of a record that a run keeps in memory: fingerprint, status, and the kinds of findings."""

    fingerprint: str
    status: Status
    reasons: tuple[str, ...]


def to_line(record: Record) -> str:
    """Return a record as one line of JSON, with its line break."""
    return json.dumps(asdict(record)) + "\n"


def read_lines(path: Path, settings: str) -> Iterator[dict[str, Any]]:
    """Yield the complete lines of a journal with these settings, in their order."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            try:
                values = json.loads(line)
            except json.JSONDecodeError:  # torn
                continue
            if values["settings"] == settings:
                yield values


def read_records(cache: Path, settings: str) -> Iterator[Record]:
    """Yield the records of a cache's journal with these settings, in the order they were written."""
    yield from map(_record, read_lines(cache / RECORDS, settings))


class Journal:
    """The journal of a run, and those of other shards; without a path, records are kept in memory."""

    def __init__(self, path: Path | None, settings: str, siblings: str = "") -> None:
        """Choose the files.

        Args:
            path: of this run's journal, in an existing folder.
            settings: digest of the settings of the run.
            siblings: pattern of all journals of the same run, below the folder two above; empty for this one alone.
        """
        self.path, self.settings, self.siblings = path, settings, siblings
        self._records: dict[str, Record] = {}  # of a run without a path

    def open(self, overwrite: bool = False, table: Path | None = None) -> dict[str, Done]:
        """Return the finished subjects; remove torn, outdated and repeated lines from this journal.

        Args:
            overwrite: forget finished subjects.
            table: output of the run; one made with other settings is protected.

        Raises:
            ValueError: if the table was made with other settings or by something else, and `overwrite` is not set.
        """
        if self.path is None:
            return {}
        if not overwrite and table is not None and table.exists() and next(self.records(), None) is None:
            raise ValueError(
                f"{table} was made with another checkpoint, other settings or an earlier version: choose another "
                "--out, or replace it with --overwrite true"
            )
        latest = {values["subject"]: json.dumps(values) + "\n" for values in read_lines(self.path, self.settings)}
        save_text(self.path, "".join(latest.values()))
        return {} if overwrite else {record.subject: done(record) for record in self.records()}

    def add(self, record: Record) -> None:
        """Append a record."""
        if self.path is None:
            self._records[record.subject] = record
            return
        with self.path.open("a", encoding="utf-8") as lines:
            lines.write(to_line(record))

    def records(self) -> Iterator[Record]:
        """Yield all records, the latest of a subject last."""
        if self.path is None:
            yield from self._records.values()
            return
        others = self.path.parent.parent.glob(self.siblings) if self.siblings else ()
        for path in sorted(others, key=lambda path: path.stat().st_mtime) or [self.path]:
            yield from map(_record, read_lines(path, self.settings))

    def latest(self, subjects: Iterable[str]) -> list[Record]:
        """Return the latest record of each of these subjects, in their order, without those that have none."""
        unique = {*subjects}
        latest = {record.subject: record for record in self.records() if record.subject in unique}
        return [latest[subject] for subject in dict.fromkeys(subjects) if subject in latest]


def status_of(findings: list[Finding]) -> Status:
    """Return the status of a subject that is not rejected."""
    return "accepted" if all(finding.severity == "noted" for finding in findings) else "repaired"


def done(record: Record) -> Done:
    """Return the part of a record that a run keeps in memory."""
    reasons = tuple(dict.fromkeys(f"{finding.severity}: {finding.code}" for finding in record.findings))
    return Done(record.fingerprint, record.status, reasons)


def _record(values: dict[str, Any]) -> Record:
    return Record(**values | {"findings": [Finding(*finding) for finding in values["findings"]]})
