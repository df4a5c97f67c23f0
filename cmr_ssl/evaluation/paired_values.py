"""Columns of two tables side by side: the same phenotypes of the same subjects."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from cmr_ssl.cohort.cells import NO_NUMBER, read_numbers
from cmr_ssl.cohort.columns import matching_columns, resolve
from cmr_ssl.cohort.identities import IDS, altered_ids
from cmr_ssl.cohort.phenotypes import find_columns, header_of, ids_of, read_columns, texts_of
from cmr_ssl.conformal import WITHIN
from cmr_ssl.volumes import CONFIDENCE, MISSING

PROBLEM = "problem"
NO_VALUES = ("status", PROBLEM, "findings", MISSING, "ED frame", "ES frame")  # columns that are no measurements
FIRST_FEW = 3
LEFT_OUT = "the column is left out: "
MOST_WORDS = 0.5  # of the cells of a column of numbers


class SetAside(NamedTuple):
    """What could not be compared.

    Attributes:
        subject: its id; empty for a whole column or table.
        where: view or column; empty for all of the subject.
        why: one sentence.
    """

    subject: str
    where: str
    why: str


class PairedValues(NamedTuple):
    """Numbers of the same subjects from two tables, a row a subject, NaN where unknown.

    Attributes:
        first: such as predictions.
        second: such as the truth; the same rows and columns.
        within: half widths of the intervals of `first`, the same rows, for the columns that have any.
        set_aside: subjects and columns that are missing on one side or unusable.
    """

    first: pd.DataFrame
    second: pd.DataFrame
    within: pd.DataFrame
    set_aside: list[SetAside]


class TableCells(NamedTuple):
    """Texts of a table.

    Attributes:
        path: of the table.
        cells: a row a subject, indexed by id.
        set_aside: subjects that have several rows.
    """

    path: Path
    cells: pd.DataFrame
    set_aside: list[SetAside]


def read_pairs(first: Path, second: Path, columns: Mapping[str, str] | None = None) -> PairedValues:
    """Read what two tables say about the same subjects.

    Args:
        first: CSV, TSV or parquet, one row a subject.
        second: the same.
        columns: of the first to those of the second; by default all that mean the same, see `columns.resolve`.

    Raises:
        FileNotFoundError: if a table is missing.
        ValueError: if one cannot be read, they share no subject or no column of numbers, or a named column is missing.
    """
    for path in (first, second):
        find_columns(path, [])  # refuses what is no table of subjects
    headers = header_of(first), header_of(second)
    names = dict(columns) if columns else shared_columns(*headers)
    if not names:
        raise ValueError(
            f"{first} and {second} share no column: name the columns to compare, as in "
            f"--columns '{{{_example(headers[0])}: {_example(headers[1])}}}'"
        )
    mine = {name: resolve(headers[0], name) for name in names}
    theirs = {name: resolve(headers[1], other) for name, other in names.items()}
    widths = {name: f"{column}{WITHIN}" for name, column in mine.items() if f"{column}{WITHIN}" in headers[0]}
    extra = [PROBLEM] if PROBLEM in headers[0] else []
    one = read_cells(first, [*mine.values(), *widths.values(), *extra])
    other = _with_ids_of(one, read_cells(second, [*theirs.values()]))
    one, other, alone = _in_both(one, other)
    named = columns is not None
    (values, bad), (truth, worse) = _numbers(one, mine, named), _numbers(other, theirs, named)
    kept = [name for name in values if name in truth]
    if not kept:
        why = next(item.why for item in bad + worse if not item.subject).removeprefix(LEFT_OUT)
        raise ValueError(f"{first} and {second} share no column of numbers: {why}")
    within, odd = _numbers(one, {name: width for name, width in widths.items() if name in kept}, True)
    for name in within:
        negative = within.index[within[name] < 0]
        odd += [SetAside(subject, name, "its half width is below 0 and counts as unknown") for subject in negative]
        within.loc[negative, name] = np.nan
    aside = [*one.set_aside, *other.set_aside, *alone, *bad, *worse, *odd, *_unknown(values[kept], one)]
    return PairedValues(values[kept], truth[kept], within, aside)


def shared_columns(first: Sequence[str], second: Sequence[str]) -> dict[str, str]:
    """Return the columns of one header that mean the same as exactly one of the other, and that one."""
    beside = [name for name in first if name.endswith(WITHIN) or name.startswith(CONFIDENCE)]
    values = [name for name in first if name not in (*NO_VALUES, *beside)]
    found = {name: matching_columns(second, name) for name in values}
    return {name: same[0] for name, same in found.items() if len(same) == 1 and not _is_identity(name)}


def read_cells(path: Path, columns: Sequence[str]) -> TableCells:
    """Read columns as texts, a row a subject; subjects whose rows differ are set aside."""
    identity, _ = find_columns(path, [])
    read = read_columns(path, list(dict.fromkeys([identity, *columns])))
    ids = ids_of(read[identity], identity, path).to_pylist()
    table = pd.DataFrame({name: texts_of(read[name]).to_pylist() for name in dict.fromkeys(columns)}, dtype=object)
    table.insert(0, "", ids)
    table = table[table[""] != ""].drop_duplicates()
    if table.empty:
        raise ValueError(f"{path} has no row of a subject")
    repeated = table[""].duplicated(keep=False)
    aside = [
        SetAside(subject, "", f"{path.name} has {count} rows of it that differ: keep one")
        for subject, count in table[""][repeated].value_counts(sort=False).items()
    ]
    return TableCells(path, table[~repeated].set_index(""), aside)


def _is_identity(name: str) -> bool:
    return name.strip().lower() in IDS


def _example(header: Sequence[str]) -> str:
    return next((name for name in header if not _is_identity(name)), "COLUMN")


def _with_ids_of(one: TableCells, other: TableCells) -> TableCells:
    """Return the other table with the ids of the one, where a spreadsheet altered them."""
    altered = altered_ids([*one.cells.index], [*other.cells.index], f"{other.path}")
    return other._replace(cells=other.cells.rename(index=altered))


def _in_both(one: TableCells, other: TableCells) -> tuple[TableCells, TableCells, list[SetAside]]:
    """Return both tables with the subjects of both in the order of the first, and which others there are."""
    shared = one.cells.index[one.cells.index.isin(other.cells.index)]
    if not len(shared):
        examples = [f"{next(iter(table.cells.index), '')!r}" for table in (one, other)]
        raise ValueError(
            f"{one.path} and {other.path} share no subject: the ids of the one are such as {examples[0]}, those of "
            f"the other such as {examples[1]}"
        )
    repeated = {item.subject for item in other.set_aside}
    lacking = [subject for subject in one.cells.index.difference(shared, sort=False) if subject not in repeated]
    alone = [SetAside(subject, "", f"{other.path.name} has no row of it") for subject in lacking]
    repeated = {item.subject for item in one.set_aside}
    more = [subject for subject in other.cells.index.difference(shared, sort=False) if subject not in repeated]
    if more:
        few = ", ".join(more[:FIRST_FEW])
        alone.append(
            SetAside("", "", f"{len(more)} subjects of {other.path.name} have no row in {one.path.name}: {few}")
        )
    return one._replace(cells=one.cells.loc[shared]), other._replace(cells=other.cells.loc[shared]), alone


def _numbers(table: TableCells, columns: Mapping[str, str], named: bool) -> tuple[pd.DataFrame, list[SetAside]]:
    """Return columns as numbers under the names they are asked for; words among them are unknown and set aside.

    A column of mostly words, or of impossible numbers, is left out, or refused if it was named by the user.
    """
    found: dict[str, pd.Series[float]] = {}
    aside: list[SetAside] = []
    for name, column in columns.items():
        cells = table.cells[column]
        words = cells[_is_word(cells)]
        if len(words) <= MOST_WORDS * (cells != "").sum():
            cells = cells.drop(words.index).reindex(cells.index, fill_value="")
            aside += [SetAside(subject, name, f"holds {text!r}, no number") for subject, text in words.items()]
        try:
            found[name] = read_numbers(cells.to_frame(), table.path)[column].astype(np.float64)
        except ValueError as error:
            if named:
                raise
            aside.append(SetAside("", name, f"{LEFT_OUT}{error}"))
    return pd.DataFrame(found, index=table.cells.index), aside


def _is_word(cells: "pd.Series[str]") -> "pd.Series[bool]":
    """Tell which cells hold neither a digit nor a usual mark of a missing value."""
    return ~cells.str.contains(r"\d") & ~cells.str.strip().str.lower().isin(NO_NUMBER)


def _unknown(values: pd.DataFrame, table: TableCells) -> list[SetAside]:
    """Return the subjects without any value, with the problem that their row tells."""
    empty = values.index[values.isna().all(axis=1)]
    told = table.cells[PROBLEM] if PROBLEM in table.cells else pd.Series("", index=values.index)
    return [SetAside(subject, "", told[subject] or f"{table.path.name} has no value of it") for subject in empty]
