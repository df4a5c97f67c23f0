"""``python -m benchmarks.tables``: join a wide table, as UK Biobank's are, of which only a few columns are needed.

A main dataset has 500,000 rows of 10,000 columns. This writes fewer rows of as many columns as TSV and as parquet, and
measures the part of `cohort` that reads them, in a process of its own. `--rows 5000`, 250 MB of TSV, took 1.6 s of one
core and 217 MB, imports included; as parquet 1.7 s and 299 MB.
"""

import argparse
import resource
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cmr_ssl.cohort.columns import FIELDS
from cmr_ssl.cohort.joined_table import read_values
from cmr_ssl.cohort.ranges import POSSIBLE
from cmr_ssl.workers import pool

FIRST_ID, FIRST_FIELD = 900_000_001, 40_000
ROWS_AT_ONCE = 500


class Cost(NamedTuple):
    """What reading took: seconds of processor and of waiting, peak memory in bytes, and how many values were found."""

    processor: float
    seconds: float
    memory: int
    values: int


def header(columns: int) -> list[str]:
    """Return the names of a table's columns: the field's phenotypes, somewhere between others."""
    names = [f"{FIRST_FIELD + number}-2.0" for number in range(columns - 1 - len(FIELDS))]
    middle = len(names) // 2
    return ["eid", *names[:middle], *(f"{field}-2.0" for field in FIELDS.values()), *names[middle:]]


def write_tables(folder: Path, rows: int, columns: int) -> tuple[Path, Path]:
    """Write the same values as TSV and as parquet."""
    names, rng = header(columns), np.random.default_rng(0)
    text, packed = folder / "main.tsv", folder / "main.parquet"
    schema = pa.schema([("eid", pa.int64()), *((name, pa.float32()) for name in names[1:])])
    with text.open("w", encoding="ascii") as lines, pq.ParquetWriter(packed, schema) as file:
        lines.write("\t".join(names) + "\n")
        for first in range(0, rows, ROWS_AT_ONCE):
            ids = FIRST_ID + np.arange(first, min(first + ROWS_AT_ONCE, rows))
            values = pd.DataFrame(rng.integers(100, 1000, (len(ids), columns - 1)) / np.float32(10), columns=names[1:])
            for name, field in FIELDS.items():
                values[f"{field}-2.0"] = values[f"{field}-2.0"].clip(*POSSIBLE[name])
            table = pd.concat([pd.Series(ids, name="eid"), values], axis=1)
            table.to_csv(lines, sep="\t", index=False, header=False)
            file.write_table(pa.Table.from_pandas(table, schema=schema, preserve_index=False))
    return text, packed


def read(table: Path, rows: int) -> Cost:
    """Read what a cohort of all `rows` people needs of a table."""
    ids = [str(FIRST_ID + row) for row in range(rows)]
    people = pd.DataFrame({"person": ids, "visit": "2"})
    started, worked = time.perf_counter(), time.process_time()
    values, _ = read_values(table, people, [])
    found = int(values.notna().to_numpy().sum())
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return Cost(time.process_time() - worked, time.perf_counter() - started, memory, found)


def main() -> None:
    """Write the tables, measure, and print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tables", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--columns", type=int, default=10_000)
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        with pool(1) as process:  # a child's peak memory is at least its parent's: this process stays small
            paths = process.submit(write_tables, Path(folder), asked.rows, asked.columns).result()
        for path in paths:
            with pool(1) as process:
                cost = process.submit(read, path, asked.rows).result()
            print(
                f"{path.suffix[1:]:8} {path.stat().st_size / 1e6:6.0f} MB, {asked.rows} rows x {asked.columns}: "
                f"{cost.values} values in {cost.seconds:.1f} s ({cost.processor:.1f} s of processor), "
                f"peak memory {cost.memory / 1e6:.0f} MB"
            )


if __name__ == "__main__":
    main()
