"""Journals: one line of JSON a finished subject, appended as results arrive, so that a restart continues.

A process killed while writing leaves a torn last line; it is ignored, and its subject is done again.
Every line names its subject and the digest of the settings it was made with; the rest is up to the command.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from cmr_ssl.files import save_text
from cmr_ssl.study import Finding

RECORDS = "records.jsonl"  # the journal of a cache, and of whatever else goes over subjects
Status = Literal["accepted", "repaired", "rejected"]


@dataclass(frozen=True)
class Record:
    """How one subject ended.

    Attributes:
        subject: its id.
        status: accepted, repaired (something was mended, or a part set aside), or rejected.
        settings: digest of the settings it was made with.
        fingerprint: of its files, see `study.Source`; empty if the subject is to be tried again.
        findings: what was found, in the order it was found.
        planes: usable planes; sa_slices of them are short axis.
        sa_slices: usable short-axis slices.
        views: usable views, joined by commas.
        frames: frames of the leading series as acquired.
        cine: whether those make a beat.
        beat_ms: length of the beat; None where unknown.
        spacing_mm: pixel size of the leading series as acquired; None for a rejected subject.
        labelled: whether any plane has a label map.
        rows: what the tables of other commands than those that import and prepare say of it.
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
        """Why nothing came out; empty where something did."""
        return "; ".join(found.message for found in self.findings) if self.status == "rejected" else ""


class Done(NamedTuple):
    """What a run remembers of a subject: fingerprint, status, and the kinds of its findings."""

    fingerprint: str
    status: Status
    reasons: tuple[str, ...]


def to_line(record: Record) -> str:
    """Return a record as one line of JSON, with its line break."""
    return json.dumps(asdict(record)) + "\n"


def read_lines(path: Path, settings: str) -> Iterator[dict[str, Any]]:
    """Yield the lines of a journal that were made with these settings, whatever else they hold, in their order."""
    if not path.is_file():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            values = _parsed(line)
            if values is not None and values["settings"] == settings:
                yield values


def read_records(cache: Path, settings: str) -> Iterator[Record]:
    """Yield the records of a cache's journal that were made with these settings, in the order they were written."""
    yield from map(_record, read_lines(cache / RECORDS, settings))


class Journal:
    """The journal of a run, and those of other runs that share its work; without a path, nothing is kept on disk."""

    def __init__(self, path: Path | None, settings: str, siblings: str = "") -> None:
        """Name the files.

        Args:
            path: of this run's journal; its folder is there when the first record comes.
            settings: digest of what subjects are worked on with.
            siblings: pattern of all journals of the same work, below the folder two above; empty for this one alone.
        """
        self.path, self.settings, self.siblings = path, settings, siblings
        self._new: dict[str, Record] = {}  # of a run without a path

    def open(self, overwrite: bool = False, table: Path | None = None) -> dict[str, Done]:
        """Return the subjects that are done, without torn, outdated and repeated lines, which go from this journal.

        Args:
            overwrite: forget what is done.
            table: what becomes of the records, if what was made otherwise is not to be replaced unasked.

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
        """Keep a record."""
        if self.path is None:
            self._new[record.subject] = record
            return
        with self.path.open("a", encoding="utf-8") as lines:
            lines.write(to_line(record))

    def records(self) -> Iterator[Record]:
        """Yield all records, the latest of a subject last."""
        if self.path is None:
            yield from self._new.values()
            return
        others = self.path.parent.parent.glob(self.siblings) if self.siblings else ()
        for path in sorted(others, key=lambda path: path.stat().st_mtime) or [self.path]:
            yield from map(_record, read_lines(path, self.settings))

    def latest(self, subjects: Iterable[str]) -> list[Record]:
        """Return the latest record of each of these subjects, in their order, as far as there is one."""
        wanted = {*subjects}
        latest = {record.subject: record for record in self.records() if record.subject in wanted}
        return [latest[subject] for subject in dict.fromkeys(subjects) if subject in latest]


def status_of(findings: list[Finding]) -> Status:
    """Return how a subject ended of which something came out."""
    return "accepted" if all(found.severity == "noted" for found in findings) else "repaired"


def done(record: Record) -> Done:
    """Return the little of a record that a run remembers."""
    reasons = tuple(dict.fromkeys(f"{found.severity}: {found.code}" for found in record.findings))
    return Done(record.fingerprint, record.status, reasons)


def _parsed(line: str) -> dict[str, Any] | None:
    """Parse a line; None for a torn one."""
    try:
        values: dict[str, Any] = json.loads(line)
    except json.JSONDecodeError:
        return None
    return values


def _record(values: dict[str, Any]) -> Record:
    return Record(**values | {"findings": [Finding(*found) for found in values["findings"]]})
