"""The journal of a cache: one line of JSON a finished subject, appended as results arrive, so that a restart continues.

A process killed while writing leaves a torn last line; it is ignored, and its subject is prepared again.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from cmr_ssl.data.cache import RECORDS, write_atomically
from cmr_ssl.data.study import Finding

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


def read_records(cache: Path, settings: str) -> Iterator[Record]:
    """Yield the journal's records that were made with these settings, in the order they were written."""
    path = cache / RECORDS
    if not path.is_file():
        return
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            record = _record(line, settings)
            if record is not None:
                yield record


def tidy(cache: Path, settings: str) -> dict[str, Done]:
    """Rewrite the journal without torn, outdated and repeated lines, and return the subjects that are done."""
    latest = {record.subject: record for record in read_records(cache, settings)}
    lines = "".join(to_line(record) for record in latest.values())
    write_atomically(cache / RECORDS, lambda stream: stream.write(lines.encode()))
    return {record.subject: done(record) for record in latest.values()}


def done(record: Record) -> Done:
    """Return the little of a record that a run remembers."""
    reasons = tuple(dict.fromkeys(f"{found.severity}: {found.code}" for found in record.findings))
    return Done(record.fingerprint, record.status, reasons)


def _record(line: str, settings: str) -> Record | None:
    """Parse a line; None for a torn one and for one made with other settings, whatever its fields."""
    try:
        values = json.loads(line)
    except json.JSONDecodeError:
        return None
    if values["settings"] != settings:
        return None
    return Record(**values | {"findings": [Finding(*found) for found in values["findings"]]})
