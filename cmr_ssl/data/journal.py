"""Journals: one line of JSON a finished subject, appended as results arrive, so that a restart continues.

A process killed while writing leaves a torn last line; it is ignored, and its subject is done again.
Every line names its subject and the digest of the settings it was made with; the rest is up to the command.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from cmr_ssl.data.cache import RECORDS
from cmr_ssl.files import save_text
from cmr_ssl.study import Finding

Status = Literal["accepted", "repaired", "rejected"]


@dataclass(frozen=True)
class Record:
    """How one subject ended.

    Attributes:
        subject: its id.
        status: accepted, repaired (something was mended, or a part set aside), or rejected.
        settings: digest of the settings it was prepared with.
        fingerprint: of its files, see `study.Source`.
        findings: what was found, in the order it was found.
        planes: usable planes; sa_slices of them are short axis.
        sa_slices: usable short-axis slices.
        views: usable views, joined by commas.
        frames: frames of the leading series as acquired.
        cine: whether those make a beat.
        beat_ms: length of the beat; None where unknown.
        spacing_mm: pixel size of the leading series as acquired; None for a rejected subject.
        labelled: whether any plane has a label map.
    """

    subject: str
    status: Status
    settings: str
    fingerprint: str
    findings: list[Finding] = field(default_factory=list)
    planes: int = 0
    sa_slices: int = 0
    views: str = ""
    frames: int = 0
    cine: bool = False
    beat_ms: float | None = None
    spacing_mm: float | None = None
    labelled: bool = False


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


def tidy_lines(path: Path, settings: str) -> dict[str, dict[str, Any]]:
    """Rewrite a journal without torn, outdated and repeated lines, and return the latest line of each subject."""
    latest = {values["subject"]: values for values in read_lines(path, settings)}
    lines = "".join(json.dumps(values) + "\n" for values in latest.values())
    save_text(path, lines)
    return latest


def read_records(cache: Path, settings: str) -> Iterator[Record]:
    """Yield the records of a cache's journal that were made with these settings, in the order they were written."""
    yield from map(_record, read_lines(cache / RECORDS, settings))


def tidy(cache: Path, settings: str) -> dict[str, Done]:
    """Tidy the journal of a cache, see `tidy_lines`, and return the subjects that are done."""
    latest = tidy_lines(cache / RECORDS, settings)
    return {subject: done(_record(values)) for subject, values in latest.items()}


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
