"""Read phenotypes and classes of a cohort from a CSV, TSV or parquet table, only the columns that are needed."""

import csv
import io
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from cmr_ssl.cohort.cells import read_names, read_numbers
from cmr_ssl.cohort.columns import resolve
from cmr_ssl.cohort.identities import IDS, altered_ids, canonical_id
from cmr_ssl.files import PARQUET

log = logging.getLogger(__name__)

# first bytes of files -> what they are
OTHER_FORMATS = {
    b"PK\x03\x04": "an Excel workbook or a zip",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\xff\xfe": "text in UTF-16",
    b"\xfe\xff": "text in UTF-16",
    b"PAR1": "parquet",
    b"sep=": "CSV with a remark to Excel in its first line",
}
LARGEST = 1e6  # no phenotype reaches this in the units of the field


@runtime_checkable
class TableReader(Protocol):
    """A task that needs values of each subject from the table, as those that predict do."""

    def read_table(self, path: Path, subjects: list[str]) -> pd.DataFrame:
        """Read values from the table at `path`, a row for each of `subjects`, NaN where unknown."""


def read_phenotypes(path: Path, targets: Sequence[str], subjects: Sequence[str]) -> NDArray[np.float32]:
    """Return the values of `subjects`, (N, K), NaN where unknown.

    Args:
        path: the table, one row a subject.
        targets: columns of it, as `columns.resolve` finds them.
        subjects: their ids.

    Raises:
        FileNotFoundError: if there is no table.
        ValueError: if it cannot be read, lacks a column or all subjects, contradicts itself, or holds no numbers.
    """
    identity, columns = find_columns(path, targets)
    values = read_numbers(rows_of(subjects, path, identity, columns), path)
    return one_row_each(values, subjects, path)[columns].to_numpy(np.float32)


def read_classes(path: Path, target: str, subjects: Sequence[str]) -> tuple[NDArray[np.int64], list[str]]:
    """Return the class of each subject, (N,), -1 where unknown, and the names of the classes in order.

    Args:
        path: the table, one row a subject.
        target: a column of texts or whole numbers, as `columns.resolve` finds it.
        subjects: their ids.

    Raises:
        FileNotFoundError: if there is no table.
        ValueError: if it cannot be read, lacks the column or all subjects, contradicts itself, or holds no classes.
    """
    identity, columns = find_columns(path, [target])
    rows = rows_of(subjects, path, identity, columns).apply(read_names, path=path)
    cells = one_row_each(rows, subjects, path)[columns[0]]
    names = sorted(cells.dropna().unique(), key=lambda name: (0, int(name), "") if name.isdigit() else (1, 0, name))
    return pd.Categorical(cells, categories=names).codes.astype(np.int64), names


def in_order(labels: NDArray[np.int64], names: list[str], classes: Sequence[str], target: str) -> NDArray[np.float32]:
    """Return class indices in `classes`, (N,), NaN where unknown; raise ValueError if a name is not among them."""
    if set(names) - set(classes):
        raise ValueError(
            f"{target} has the classes {names}, but the objective names {list(classes)}: name them all, and empty the "
            "cells that hold a code for no answer"
        )
    index = np.array([*(classes.index(name) for name in names), np.nan], np.float32)
    return index[labels]  # -1, unknown, is the last


def find_columns(path: Path, targets: Sequence[str]) -> tuple[str, list[str]]:
    """Return the columns of the table at `path` that hold ids and `targets`; see `read_phenotypes`."""
    if not path.is_file():
        raise FileNotFoundError(f"no table of phenotypes at {path}: name a CSV, TSV or parquet file as data.table")
    _check_format(path)
    header = header_of(path)
    identity = next((column for name in IDS for column in header if column.strip().lower() == name), None)
    if identity is None:
        raise ValueError(
            f"{path} has no column of subject ids: call it {IDS[0]}; the first columns are {', '.join(header[:5])}"
        )
    return identity, [resolve(header, target) for target in targets]


def _check_format(path: Path) -> None:
    """Raise ValueError, with the remedy, for an empty file, and for other formats than those that are read."""
    if is_parquet(path):
        return
    with path.open("rb") as stream:
        start = stream.read(5)
    kinds = [kind for mark, kind in OTHER_FORMATS.items() if start.startswith(mark)]
    if not start or kinds:
        kind = kinds[0] if kinds else "empty"
        raise ValueError(f"{path} is {kind}: save the table as CSV in UTF-8, as TSV or as parquet, and name it so")


def header_of(path: Path) -> list[str]:
    """Return the names of a table's columns."""
    try:
        if is_parquet(path):
            return list(pyarrow.parquet.read_schema(path).names)
        line = _first_line(path)
        return next(csv.reader([line], delimiter=delimiter_of(line)), [])
    except (OSError, pa.ArrowException, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read as CSV, TSV or parquet ({error}): write it again") from error


def is_parquet(path: Path) -> bool:
    """Tell by its name whether a table is parquet; all others are text, packed or not."""
    return path.suffix.lower() in PARQUET


def _first_line(path: Path) -> str:
    """Return the first line of a text, decompressed by its suffix and without a byte order mark."""
    with pa.input_stream(path) as stream, io.TextIOWrapper(stream, encoding="utf-8-sig") as lines:
        return lines.readline()


def delimiter_of(line: str) -> str:
    """Return the separator of the columns of a line."""
    return max("\t,;", key=line.count)


def rows_of(subjects: Sequence[str], path: Path, identity: str, columns: Sequence[str]) -> pd.DataFrame:
    """Return the rows of `subjects` as stripped texts, indexed by id; raise ValueError if unreadable or without any."""
    try:
        table = read_columns(path, list(dict.fromkeys([identity, *columns])))
        ids = ids_of(table[identity], identity, path)
        persons = [canonical_id(subject) for subject in subjects]
        altered = altered_ids(persons, pc.unique(ids).to_pylist(), f"column {identity!r} of {path}")
        in_cohort = pc.is_in(ids, pa.array([*persons, *altered], pa.string()))
        cells = {name: texts_of(table[name].filter(in_cohort)) for name in dict.fromkeys(columns)}
    except (OSError, pa.ArrowException) as error:
        commas = ", and separate columns by ; if numbers have decimal commas" if "columns, got" in str(error) else ""
        raise ValueError(f"{path} cannot be read ({error}): write it again as CSV, TSV or parquet{commas}") from error
    index = [altered.get(text, text) for text in ids.filter(in_cohort).to_pylist()]
    if not index:
        raise ValueError(
            f"none of the {len(subjects)} subjects of the cohort has a row in {path}: the cohort has ids such as "
            f"{next(iter(subjects), '')!r}, column {identity!r} such as {next(iter(ids.slice(0, 1).to_pylist()), '')!r}"
        )
    if altered:
        log.warning(
            "%d of %d subjects were found in %s by ids that lost zeros or are written otherwise, such as %r for %r",
            *(len(altered), len(subjects), path, *next(iter(altered.items()))),
        )
    return pd.DataFrame({name: column.to_pandas().array for name, column in cells.items()}, index=index)


def read_columns(path: Path, columns: list[str]) -> pa.Table:
    """Return some columns of a table, those of a CSV or TSV file as text."""
    if is_parquet(path):
        return pyarrow.parquet.read_table(path, columns=columns)
    parsing = pyarrow.csv.ParseOptions(delimiter=delimiter_of(_first_line(path)), newlines_in_values=True)
    types = {name: pa.string() for name in columns}
    options = pyarrow.csv.ConvertOptions(include_columns=columns, column_types=types)
    return pyarrow.csv.read_csv(path, parse_options=parsing, convert_options=options)


def ids_of(column: pa.ChunkedArray, identity: str, path: Path) -> pa.ChunkedArray:
    """Return a column of ids as texts; raise ValueError if it is of a type that loses digits."""
    if pa.types.is_float32(column.type) or pa.types.is_float16(column.type):
        raise ValueError(
            f"column {identity!r} of {path} holds ids as {column.type}, which loses digits: write them as text or "
            "whole numbers"
        )
    return pc.replace_substring_regex(texts_of(column), r"\.0$", "")


def texts_of(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as stripped texts, empty where null."""
    return pc.utf8_trim_whitespace(column.cast(pa.string()).fill_null(""))


def one_row_each(values: pd.DataFrame, subjects: Sequence[str], path: Path) -> pd.DataFrame:
    """Return one row for each subject in order, NaN where missing; raise ValueError if rows of a subject differ."""
    persons = [canonical_id(subject) for subject in subjects]
    rows = values.rename_axis("subject").reset_index(allow_duplicates=True).drop_duplicates()
    index = pd.Index(rows.iloc[:, 0])
    repeated = index[index.duplicated()]
    if len(repeated):
        raise ValueError(f"{path} has rows of subject {repeated[0]} with different values: keep one row a subject")
    missing = len(subjects) - len(index)
    if missing:
        first = next(person for person in persons if person not in index)
        log.warning(
            "%d of %d subjects have no row in %s, the first is %s; they stay, without phenotypes",
            *(missing, len(subjects), path, first),
        )
    return values[~values.index.duplicated()].reindex(persons)


def check_targets(values: NDArray[np.float32], names: Sequence[str]) -> None:
    """Raise ValueError unless every column of the training values (N, K) can be learnt, naming the one that cannot."""
    for name, column in zip(names, values.T, strict=True):
        known = column[~np.isnan(column)]
        if len(known) < 2:
            raise ValueError(
                f"{name} is known of {len(known)} of {len(column)} training subjects, too few to learn it: fill in the "
                "column of the table, or leave this target out"
            )
        furthest = known[np.abs(known).argmax()]
        if abs(furthest) > LARGEST:
            raise ValueError(f"{name} is {furthest:g} in a training subject, which cannot be: mend the table")
        if known.min() == known.max():
            raise ValueError(f"{name} is {known[0]:g} in every training subject: there is nothing to learn")


def check_known(phenotypes: pd.DataFrame, split: str) -> None:
    """Log the number of subjects of a split with each phenotype; raise ValueError if it is zero for one."""
    counts = dict(zip(phenotypes.columns, phenotypes.notna().sum(), strict=True))
    for name, count in counts.items():
        if not count:
            raise ValueError(
                f"{name} is known of none of the {len(phenotypes)} {split} subjects: fill in the column of the table, "
                "or leave this target out"
            )
    known = ", ".join(f"{count} {name}" for name, count in counts.items())
    log.info("known of %d %s subjects: %s", len(phenotypes), split, known)
