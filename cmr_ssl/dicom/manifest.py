"""UK Biobank's manifest, a hint at best: misspelt names, dates with unquoted commas, changing columns."""

import csv
import re

from cmr_ssl.dicom.archive import DAMAGED, Member
from cmr_ssl.machine import raise_if_machine

FILE = re.compile(r"(^|/)manifest\.c[sv][sv]$", re.IGNORECASE)
DATE = re.compile(r"([A-Z][a-z]{2} \d{1,2}), (20\d\d)")  # Aug 30, 2015 1:05:12 PM, without quotes
LARGEST = 8 * 2**20


def read_manifest(member: Member) -> dict[str, str]:
    """Return the series description of each file name.

    Raises:
        ValueError: if there is none, with a sentence that continues the name.
    """
    try:
        with member.open() as stream:
            text = stream.read(LARGEST).decode("utf-8", errors="replace")
    except DAMAGED as error:
        raise_if_machine(error)
        raise ValueError(f"cannot be read ({error})") from error
    rows = csv.reader(DATE.sub(r"\1 \2", text).replace("\0", "").splitlines())
    try:
        return _parse([row for row in rows if row])
    except csv.Error as error:
        raise ValueError(f"cannot be understood ({error})") from error


def _parse(rows: list[list[str]]) -> dict[str, str]:
    header = [column.strip().lower() for column in rows[0]] if rows else []
    file, name = _column(header, "filename", "file"), _column(header, "series discription", "series description")
    if file < 0 or name < 0:
        raise ValueError("has no columns 'filename' and 'series discription'")
    return {row[file].strip(): row[name].strip() for row in rows[1:] if len(row) == len(header)}


def _column(header: list[str], *names: str) -> int:
    return next((header.index(name) for name in names if name in header), -1)
