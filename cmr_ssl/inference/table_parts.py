"""A large table in the making: parts in a hidden folder beside it, merged into the table when all rows are there."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cmr_ssl.files import write_atomically
from cmr_ssl.journal import Record
from cmr_ssl.machine import raise_if_machine

SETTINGS = b"cmr_ssl.settings"  # metadata of the table: digest of the settings of its rows
PART = "part"  # in the row of a record: the name of the part that holds the subject's row
GROUP_ROWS = 256  # rows that are merged at once
OPEN_PARTS = 32


class TableParts:
    """The rows of one parquet table with a column ``subject``."""

    def __init__(self, out: Path, schema: pa.Schema, settings: str) -> None:
        """Choose the path of the table, its columns, and the digest of the settings of its rows."""
        self.out, self.settings = out, settings
        self.schema = schema.with_metadata({SETTINGS: settings.encode()})
        self.folder = out.with_name(f".{out.name}.parts")

    def subjects_in_table(self) -> frozenset[str]:
        """Return the subjects of the existing table, if it was made with these settings."""
        try:
            if (pq.read_schema(self.out).metadata or {}).get(SETTINGS) != self.settings.encode():
                return frozenset()
            return frozenset(pq.read_table(self.out, columns=["subject"])["subject"].to_pylist())
        except (OSError, pa.ArrowException) as error:
            raise_if_machine(error)
            return frozenset()

    def file_of(self, record: Record, in_table: frozenset[str]) -> Path:
        """Return the file with a subject's row: its part, or the table if that is gone and the subject `in_table`."""
        part = self.folder / record.rows[0][PART] if record.rows else self.out
        return self.out if record.subject in in_table and not part.is_file() else part

    def add(self, rows: Sequence[dict[str, object]]) -> str:
        """Write a part and return its name, which is new: records still name removed parts."""
        part = f"{uuid4().hex}.parquet"
        table = pa.Table.from_pylist(list(rows), self.schema)
        write_atomically(self.folder / part, lambda stream: pq.write_table(table, stream))
        return part

    def merge(self, records: Sequence[Record]) -> int:
        """Write the table with the rows of all accepted records, remove their parts, and return the number of rows.

        Parts that no record names stay: another command may have written them and be about to record their rows.
        """
        accepted = [record for record in records if record.status == "accepted"]
        parts, in_table = self.named(accepted), self.subjects_in_table()
        if parts or in_table != {record.subject for record in accepted}:
            files = {record.subject: self.file_of(record, in_table) for record in accepted}
            write_atomically(self.out, lambda stream: self._write(stream, files))
        for part in parts:
            part.unlink()
        return len(accepted)

    def named(self, records: Iterable[Record]) -> list[Path]:
        """Return the parts that hold rows of records."""
        names = {record.rows[0][PART] for record in records if record.rows}
        return [self.folder / name for name in sorted(names) if (self.folder / name).is_file()]

    def remove_unnamed(self, records: Iterable[Record]) -> None:
        """Remove the parts that killed commands left unrecorded; no other command may be writing now."""
        for path in {*self.folder.glob("*.parquet")} - {*self.named(records)}:
            path.unlink()

    def _write(self, stream: BinaryIO, files: dict[str, Path]) -> None:
        """Write the rows of subjects, sorted, a group at a time: a whole cohort need not fit into memory."""
        subjects, read_part = sorted(files), lru_cache(OPEN_PARTS)(pq.read_table)

        def rows_of(path: Path, group: list[str]) -> pa.Table:
            if path == self.out:  # too large to keep in memory; its row groups have statistics of subjects
                return pq.read_table(path, filters=[("subject", "in", group)])
            part = read_part(path)
            return part.filter(pc.is_in(part["subject"], pa.array(group)))

        with pq.ParquetWriter(stream, self.schema) as writer:
            for first in range(0, len(subjects), GROUP_ROWS):
                groups = defaultdict(list)
                for subject in subjects[first : first + GROUP_ROWS]:
                    groups[files[subject]].append(subject)
                rows = pa.concat_tables([rows_of(path, group) for path, group in groups.items()])
                writer.write_table(rows.sort_by("subject").cast(self.schema))
