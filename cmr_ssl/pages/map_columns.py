"""What a map of subjects can be coloured by: the columns of a table, as numbers or categories."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from cmr_ssl.cohort.cells import NO_VALUE, read_numbers
from cmr_ssl.cohort.identities import canonical_id
from cmr_ssl.cohort.phenotypes import find_columns, header_of, is_parquet, one_row_each, rows_of

MOST_COLUMNS = 60  # that a page holds
MOST_CATEGORIES = 100  # of a column
FEW = 10  # whole numbers of at most so many values are categories, such as grades
ENDS = (2.0, 98.0)  # percentiles where the colours of numbers end
# Tol's muted colours, which colour-blind people can tell apart (https://personal.sron.nl/~pault)
COLOURS = ("#332288", "#88ccee", "#44aa99", "#117733", "#999933", "#ddcc77", "#cc6677", "#882255", "#aa4499")
OTHER, MISSING = "#5b6571", "#cfd5da"


class NumberColumn(NamedTuple):
    """A column of numbers."""

    name: str
    values: NDArray[np.float32]  # (N,), NaN where unknown
    low: float  # values up to this one have the first colour
    high: float  # values from this one on have the last colour


class CategoryColumn(NamedTuple):
    """A column of texts or a few whole numbers."""

    name: str
    codes: NDArray[np.int16]  # index into names, (N,), -1 where unknown
    names: list[str]
    counts: list[int]  # subjects of each
    colours: list[str]  # of each; the rarest share `OTHER`


MapColumn = NumberColumn | CategoryColumn


class MapColumns(NamedTuple):
    """The columns of a table that can be shown."""

    columns: list[MapColumn]
    left_out: list[str]  # a sentence for each of the others
    found: int  # subjects that have a row in the table


def read_map_columns(path: Path, subjects: Sequence[str], names: Sequence[str] | None) -> MapColumns:
    """Read the columns of a table for subjects, of whom some may have no row.

    Args:
        path: CSV, TSV or parquet, one row a subject.
        subjects: their ids.
        names: columns to read; None for the first `MOST_COLUMNS`.

    Raises:
        FileNotFoundError: if there is no table.
        ValueError: if it cannot be read, lacks a column or all subjects, or contradicts itself.
    """
    identity, _ = find_columns(path, [])
    header = [name for name in dict.fromkeys(header_of(path)) if name != identity]
    unknown = sorted({*(names or ())} - {*header})
    if unknown:
        raise ValueError(f"{path} has no column {unknown[0]!r}: it has {', '.join(header[:12])}")
    chosen = list(dict.fromkeys(header if names is None else names))
    nested = [name for name in chosen if name in _nested(path)]
    chosen = [name for name in chosen if name not in nested]
    texts, found = _texts(path, subjects, identity, chosen[:MOST_COLUMNS])
    read = [map_column(texts[name], path) for name in texts]
    left_out = [f"{name!r} holds lists" for name in nested]
    left_out += [column for column in read if isinstance(column, str)]
    if more := chosen[MOST_COLUMNS:]:
        left_out.append(f"{len(more)} more columns, from {more[0]} on: name those you need with --columns")
    return MapColumns([column for column in read if not isinstance(column, str)], left_out, found)


def _nested(path: Path) -> set[str]:
    """Return the columns of a table that hold lists or records, which texts and CSV cannot."""
    schema = pq.read_schema(path) if is_parquet(path) else []
    return {field.name for field in schema if pa.types.is_nested(field.type)}


def _texts(path: Path, subjects: Sequence[str], identity: str, names: Sequence[str]) -> tuple[pd.DataFrame, int]:
    """Return cells as texts, a row a subject in order, empty where there is none, and how many have a row."""
    rows = rows_of(subjects, path, identity, names)
    rows = one_row_each(rows, list(dict.fromkeys(rows.index)), path)
    keys = [canonical_id(subject) for subject in subjects]
    return rows.reindex(keys).fillna("").set_axis(list(subjects)), sum(key in rows.index for key in keys)


def map_column(texts: "pd.Series[str]", path: Path) -> MapColumn | str:
    """Return a column as numbers or categories; a sentence if neither makes sense."""
    name = str(texts.name)
    known = texts[~texts.str.lower().isin(NO_VALUE)]
    if known.empty:
        return f"{name!r} is known of nobody"
    values = _numbers(texts, path)
    if values is not None and np.isfinite(values).any() and not _few(values):
        finite = values[np.isfinite(values)]
        low, high = np.percentile(finite, ENDS).tolist()
        ends = (low, high) if low < high else (float(finite.min()), float(finite.max()))
        return NumberColumn(name, values, *ends)
    counts = Counter(known)
    if len(counts) > MOST_CATEGORIES:
        return f"{name!r} has {len(counts)} different texts, such as {next(iter(counts))[:40]!r}"
    return _categories(name, texts, counts)


def _numbers(texts: "pd.Series[str]", path: Path) -> NDArray[np.float32] | None:
    """Return texts as numbers, NaN where unknown; None if they are none."""
    try:
        return read_numbers(texts.to_frame(), path).iloc[:, 0].to_numpy(np.float32)
    except ValueError:  # some are no numbers
        return None


def _few(values: NDArray[np.float32]) -> bool:
    """Tell whether numbers are whole and of few values, so that each may have its own colour."""
    different = np.unique(values[np.isfinite(values)])
    return 1 < len(different) <= FEW and bool((different == different.round()).all())


def _categories(name: str, texts: "pd.Series[str]", counts: Counter[str]) -> CategoryColumn:
    """Return categories in order, of which the most frequent have a colour of their own."""
    names = sorted(counts, key=_order)
    frequent = sorted(names, key=lambda one: -counts[one])[: len(COLOURS)]
    own = dict(zip(sorted(frequent, key=_order), COLOURS, strict=False))
    codes = pd.Index(names).get_indexer(texts).astype(np.int16)
    return CategoryColumn(name, codes, names, [counts[one] for one in names], [own.get(one, OTHER) for one in names])


def _order(text: str) -> tuple[bool, float, str]:
    """Sort numbers by value and before texts."""
    try:
        return False, float(text), text
    except ValueError:
        return True, 0.0, text
