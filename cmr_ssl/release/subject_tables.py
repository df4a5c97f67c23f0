"""Tables: parquet and delimited texts, column by column, because a column's name tells what its numbers are."""

from collections.abc import Iterable, Iterator
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
PARTICIPANTS = "7-digit participant ids"
MOST_TEXTS = 100_000  # of a column are looked at one by one


def parquet(stream: BinaryIO) -> Iterator[Leak]:
    """Yield what a parquet file gives away, its own remarks included."""
    file = pyarrow.parquet.ParquetFile(stream)
    for key, value in (file.schema_arrow.metadata or {}).items():
        yield from leaks_in_text(value.decode(errors="replace"), f"the metadata {key.decode(errors='replace')!r}")
    for name in dict.fromkeys(column.path.partition(".")[0] for column in file.schema):
        yield from column(name, file.read(columns=[name]).column(0))


def delimited(stream: BinaryIO, delimiter: str) -> Iterator[Leak]:
    """Yield what a delimited text with a header gives away.

    Raises:
        ValueError: if it is no table.
    """
    names = stream.readline().decode("utf-8-sig").strip("\r\n").split(delimiter)
    stream.seek(0)
    options = pyarrow.csv.ConvertOptions(column_types={name.strip('"'): pa.string() for name in names})
    try:
        table = pyarrow.csv.read_csv(
            stream,
            parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=options,
        )
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error
    for name, cells in zip(table.column_names, table.columns, strict=True):
        yield from leaks_in_text(name, "the header")
        yield from column(name, cells)


def column(name: str, cells: pa.ChunkedArray) -> Iterator[Leak]:
    """Yield what one column gives away."""
    where = f"column {name!r}"
    texts = _texts(cells)
    if texts is None:
        return
    whole = pc.match_substring_regex(texts, WHOLE)
    ids = pc.sum(whole).as_py() or 0
    if ids and (_names_subjects(name) or (not counts(name) and _all_different(texts, ids))):
        yield Leak(where, f"{ids} {PARTICIPANTS}")
    rest = pc.filter(texts, pc.and_(pc.invert(whole), pc.match_substring_regex(texts, WORTH_A_LOOK)))
    yield from _distinct(rest.slice(0, MOST_TEXTS).to_pylist(), where)


def _texts(cells: pa.ChunkedArray) -> pa.ChunkedArray | None:
    """Return the cells as texts, None for lists, pictures and all else that is none."""
    kind = cells.type.value_type if pa.types.is_dictionary(cells.type) else cells.type
    if pa.types.is_floating(kind):
        cells = pc.filter(cells, pc.and_(pc.greater_equal(cells, 1e6), pc.equal(pc.floor(cells), cells)))
        return pc.cast(pc.cast(cells, pa.int64()), pa.string())
    if pa.types.is_integer(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pc.drop_null(pc.cast(cells, pa.string()))
    return None


def _names_subjects(name: str) -> bool:
    return name.strip().lower() in {*IDS, *ID_NAMES}


def _all_different(texts: pa.ChunkedArray, ids: int) -> bool:
    filled = pc.sum(pc.not_equal(pc.utf8_trim_whitespace(texts), "")).as_py()
    return bool(FEWEST <= ids == filled == len(pc.unique(texts)))


def _distinct(texts: Iterable[str], where: str) -> Iterator[Leak]:
    """Yield each kind of leak in some texts once."""
    yield from dict.fromkeys(found for text in texts for found in leaks_in_text(text, where))
