"""Leaks in tables, parquet and delimited texts, by column, because a column's name tells what its numbers are."""

from collections.abc import Iterator
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from cmr_ssl.cohort.identities import IDS
from cmr_ssl.release.nested_values import FEWEST, ID_NAMES
from cmr_ssl.release.pii import Leak, counts, leaks_in_text

WHOLE = r"^\s*[1-6]\d{6}(?:\.0+)?\s*$"
WORTH_A_LOOK = r"\d{7}|[/\\].*[/\\]"
MOST_TEXTS = 100_000  # of a column that are searched one by one


def parquet(stream: BinaryIO) -> Iterator[Leak]:
    """Yield the leaks in a parquet file and its metadata."""
    file = pyarrow.parquet.ParquetFile(stream)
    for key, value in (file.schema_arrow.metadata or {}).items():
        yield from leaks_in_text(value.decode(errors="replace"), f"the metadata {key.decode(errors='replace')!r}")
    for name in dict.fromkeys(column.path.partition(".")[0] for column in file.schema):
        yield from column(name, file.read(columns=[name]).column(0))


def delimited(stream: BinaryIO, delimiter: str) -> Iterator[Leak]:
    """Yield the leaks in a delimited text with a header.

    Raises:
        ValueError: if it is no table.
    """
    names = stream.readline().decode("utf-8-sig").strip("\r\n").split(delimiter)
    stream.seek(0)
    types = pyarrow.csv.ConvertOptions(column_types={name.strip('"'): pa.string() for name in names})
    form = pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    try:
        table = pyarrow.csv.read_csv(stream, parse_options=form, convert_options=types)
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error
    for name, cells in zip(table.column_names, table.columns, strict=True):
        yield from leaks_in_text(name, "the header")
        yield from column(name, cells)


def column(name: str, cells: pa.ChunkedArray) -> Iterator[Leak]:
    """Yield the leaks in one column."""
    where = f"column {name!r}"
    texts = _texts(cells)
    if texts is None:
        return
    whole = pc.match_substring_regex(texts, WHOLE)
    ids = pc.sum(whole).as_py() or 0
    of_subjects = name.strip().lower() in {*IDS, *ID_NAMES}
    if ids and (of_subjects or (not counts(name) and _all_different(texts, ids))):
        yield Leak(where, f"{ids} 7-digit participant ids")
    rest = pc.filter(texts, pc.and_(pc.invert(whole), pc.match_substring_regex(texts, WORTH_A_LOOK)))
    leaks = (leak for text in rest.slice(0, MOST_TEXTS).to_pylist() for leak in leaks_in_text(text, where))
    yield from dict.fromkeys(leaks)


def _texts(cells: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return the cells as texts, None for types that are neither text nor number."""
    kind = cells.type.value_type if pa.types.is_dictionary(cells.type) else cells.type
    if pa.types.is_floating(kind):
        cells = pc.filter(cells, pc.and_(pc.greater_equal(cells, 1e6), pc.equal(pc.floor(cells), cells)))
        return pc.cast(pc.cast(cells, pa.int64()), pa.string())
    if pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pc.drop_null(pc.cast(cells, pa.string()))
    return None


def _all_different(texts: pa.ChunkedArray, ids: int) -> bool:
    filled = pc.sum(pc.not_equal(pc.utf8_trim_whitespace(texts), "")).as_py()
    return bool(FEWEST <= ids == filled == len(pc.unique(texts)))
