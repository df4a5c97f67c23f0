"""A large table on its way: parts in a hidden folder beside it, which become the table when all rows are there."""

from collections import defaultdict
from collections.abc import Sequence
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

SETTINGS = b"cmr_ssl.settings"  # metadata of the table: digest of what its rows were made with
PART = "part"  # in the row of a record: the name of the part that holds the subject's row
GROUP_ROWS = 256  # rows that are written at once
OPEN_PARTS = 32


class TableParts:
    """The rows of one parquet table with a column ``subject``."""

    def __init__(self, out: Path, schema: pa.Schema, settings: str) -> None:
        """Name the table, its columns, and the digest of what its rows are made with."""
        self.out, self.settings = out, settings
        self.schema = schema.with_metadata({SETTINGS: settings.encode()})
        self.folder = out.with_name(f".{out.name}.parts")

    def held(self) -> frozenset[str]:
        """Return the subjects of the table as it is, if it was made with these settings."""
        try:
            if (pq.read_schema(self.out).metadata or {}).get(SETTINGS) != self.settings.encode():
                return frozenset()
            return frozenset(pq.read_table(self.out, columns=["subject"])["subject"].to_pylist())
        except (OSError, pa.ArrowException) as error:
            raise_if_machine(error)
            return frozenset()

    def place_of(self, record: Record, held: frozenset[str]) -> Path:
        """Return the file with a subject's row: its part, or the table where that is gone and `held` has it."""
        part = self.folder / record.rows[0][PART] if record.rows else self.out
        return self.out if record.subject in held and not part.is_file() else part

    def add(self, rows: Sequence[dict[str, object]]) -> str:
        """Write a part and return its name, a new one: records still name parts that are gone."""
        part = f"{uuid4().hex}.parquet"
        table = pa.Table.from_pylist(list(rows), self.schema)
        write_atomically(self.folder / part, lambda stream: pq.write_table(table, stream))
        return part

    def gather(self, records: Sequence[Record]) -> int:
        """Let the table appear with the rows of all records that have one, remove the parts, and count the rows."""
        accepted = [record for record in records if record.status == "accepted"]
        parts, held = [*self.folder.glob("*.parquet")], self.held()
        if parts or held != {record.subject for record in accepted}:
            places = {record.subject: self.place_of(record, held) for record in accepted}
            write_atomically(self.out, lambda stream: self._write(stream, places))
        for part in parts:
            part.unlink()
        return len(accepted)

    def _write(self, stream: BinaryIO, places: dict[str, Path]) -> None:
        """Write the rows of subjects, sorted, a group at a time: a whole cohort need not fit into memory."""
        subjects, read = sorted(places), lru_cache(OPEN_PARTS)(pq.read_table)
        with pq.ParquetWriter(stream, self.schema) as writer:
            for first in range(0, len(subjects), GROUP_ROWS):
                names = defaultdict(list)
                for subject in subjects[first : first + GROUP_ROWS]:
                    names[places[subject]].append(subject)
                rows = [
                    pq.read_table(path, filters=[("subject", "in", some)])  # whose groups tell whom they hold
                    if path == self.out
                    else (part := read(path)).filter(pc.is_in(part["subject"], pa.array(some)))
                    for path, some in names.items()
                ]
                writer.write_table(pa.concat_tables(rows).sort_by("subject").cast(self.schema))
