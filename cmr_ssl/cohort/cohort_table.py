"""The cohort table of a cache: one row a subject, written when the cache is complete."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from cmr_ssl.cohort.withdrawal import NONE_WITHDRAWN, Withdrawn
from cmr_ssl.files import write_atomically
from cmr_ssl.journal import RECORDS, Record, read_records
from cmr_ssl.lock import writing
from cmr_ssl.machine import raise_if_machine
from cmr_ssl.preparation.cache import COHORT, read_settings

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

COLUMNS = {
    "subject": "str",
    "status": "str",
    "reasons": "str",
    "planes": "int16",
    "sa_slices": "int16",
    "views": "str",
    "frames": "int16",
    "cine": "bool",
    "beat_ms": "float32",
    "spacing_mm": "float32",
    "labelled": "bool",
    "settings": "str",
}


def reasons(record: Record) -> str:
    """Return a record's findings as text, empty if there are none."""
    return "; ".join(f"{item.where}: {item.message}".removeprefix(": ") for item in record.findings)


def write_cohort(cache: Path, settings: str, subjects: set[str]) -> Path:
    """Write the table of `subjects` from the journal, atomically, and return its path."""
    import pandas as pd  # takes half a second, which workers of `prepare` save

    latest = {record.subject: record for record in read_records(cache, settings) if record.subject in subjects}
    rows = [[_value(latest[subject], column) for column in COLUMNS] for subject in sorted(latest)]
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)
    write_atomically(cache / COHORT, lambda stream: table.to_parquet(stream, index=False))
    return cache / COHORT


def read_cohort(cache: Path, withdrawn: Withdrawn = NONE_WITHDRAWN) -> pd.DataFrame:
    """Return the table of a cache with the columns `COLUMNS`, one row a subject, sorted by subject.

    Logs a warning where the cache is being prepared at this moment: the table is the previous one.

    Args:
        cache: folder made by `python -m cmr_ssl prepare`.
        withdrawn: participants to leave out; preparing again removes them from the cache.

    Raises:
        FileNotFoundError: if the folder is no cache, or its preparation is not complete.
        ValueError: if the table is damaged, or was made with other settings than the cache.
    """
    import pandas as pd

    settings, holder = read_settings(cache), writing(cache)
    if not (cache / COHORT).is_file():
        done = sum(1 for _ in read_records(cache, str(settings["digest"])))
        if holder:
            raise FileNotFoundError(
                f"{cache} is not complete: process {holder.process} on {holder.host} is preparing it and has done "
                f"{done} subjects: wait until it ends, then run the same command again"
            )
        raise FileNotFoundError(
            f"{cache} is not complete: preparing it was interrupted after {done} subjects ({RECORDS}). "
            "Run the same `prepare` command again; it continues where it stopped"
        )
    try:
        table = pd.read_parquet(cache / COHORT)
    except (OSError, ValueError) as error:
        raise_if_machine(error)
        raise ValueError(f"{cache / COHORT} cannot be read ({error}): run `prepare` again") from error
    missing = sorted(set(COLUMNS) - set(table.columns))
    if missing or (table["settings"] != settings["digest"]).any():
        why = f"columns {missing} missing, or other settings"
        raise ValueError(f"{cache / COHORT} does not belong to this cache ({why})")
    if holder:
        log.warning(
            "%s is being prepared by process %d on %s: used are the %d subjects of its table of before; subjects that "
            "are new or changed since may come in another run",
            *(cache, holder.process, holder.host, len(table)),
        )
    subjects = withdrawn.remaining(list(table["subject"]), cache)
    return table[table["subject"].isin(subjects)].reset_index(drop=True)


def _value(record: Record, column: str) -> object:
    value = reasons(record) if column == "reasons" else getattr(record, column)
    # A folder's name need not be valid text; a table's must.
    return value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value
