"""Read phenotypes and diagnoses of a cohort from a table: CSV, TSV or parquet, of which only what is wanted is read."""

import csv
import io
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from cmr_ssl.data.columns import bare, field_of, resolve

log = logging.getLogger(__name__)

# the last two are the nameless first column of tables that were written with an index
IDS = ("eid", "f.eid", "subject", "participant.eid", "participant id", "id", "", "__index_level_0__")
NO_VALUE = ("", ".", "-", "?", "na", "n/a", "nan", "null", "<na>", "missing", "unknown")
NO_NUMBER = (*NO_VALUE, "none", "inf", "-inf")  # "none" may be a diagnosis
NO_ANSWER = ("-1", "-3")  # of UK Biobank's fields: does not know, prefers not to answer
# ... of its numbers: also none of the above, and the same answers under other codings
NO_AMOUNT = (-1.0, -3.0, -7.0, -11.0, -13.0, -21.0, -23.0, -121.0, -818.0)
SEXES = {"female": "0", "male": "1"}  # as exports with labels instead of codes say it
LARGEST = 1e6  # no phenotype reaches this in the units of the field


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
    values = rows_of(subjects, path, identity, columns).apply(numbers)
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
    cells = one_row_each(rows_of(subjects, path, identity, columns).apply(classes), subjects, path)[columns[0]]
    names = sorted(cells.dropna().unique(), key=lambda name: (0, int(name), "") if name.isdigit() else (1, 0, name))
    return pd.Categorical(cells, categories=names).codes.astype(np.int64), names


def in_order(labels: NDArray[np.int64], names: list[str], classes: Sequence[str], target: str) -> NDArray[np.float32]:
    """Return the index in `classes` of what `read_classes` found, (N,), NaN where unknown.

    Raises:
        ValueError: if a class was found that `classes` does not name.
    """
    strangers = sorted(set(names) - set(classes))
    if strangers:
        raise ValueError(f"{target} has the classes {names}, but the objective names {list(classes)}: name them all")
    index = np.array([*(classes.index(name) for name in names), np.nan], np.float32)
    return index[labels]  # -1, unknown, is the last


def find_columns(path: Path, targets: Sequence[str]) -> tuple[str, list[str]]:
    """Return the columns of the table at `path` that hold ids and `targets`; see `read_phenotypes`."""
    if not path.is_file():
        raise FileNotFoundError(f"no table of phenotypes at {path}: name a CSV, TSV or parquet file as data.table")
    header = header_of(path)
    identity = next((column for name in IDS for column in header if column.strip().lower() == name), None)
    if identity is None:
        raise ValueError(
            f"{path} has no column of subject ids: call it {IDS[0]}; the first columns are {', '.join(header[:5])}"
        )
    return identity, [resolve(header, target) for target in targets]


def header_of(path: Path) -> list[str]:
    """Return the names of a table's columns."""
    try:
        if is_parquet(path):
            return list(pyarrow.parquet.read_schema(path).names)
        line = first_line(path)
        return next(csv.reader([line], delimiter=delimiter_of(line)), [])
    except (OSError, pa.ArrowException, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read as CSV, TSV or parquet ({error}): write it again") from error


def is_parquet(path: Path) -> bool:
    """Tell by its name whether a table is parquet; all others are text, packed or not."""
    return path.suffix.lower() in (".parquet", ".pq")


def first_line(path: Path) -> str:
    """Return the first line of a text, unpacked as its name says and without a byte order mark."""
    with pa.input_stream(path) as stream, io.TextIOWrapper(stream, encoding="utf-8-sig") as lines:
        return lines.readline()


def delimiter_of(line: str) -> str:
    """Return what separates the columns of a line."""
    return max("\t,;", key=line.count)


def rows_of(subjects: Sequence[str], path: Path, identity: str, columns: Sequence[str]) -> pd.DataFrame:
    """Return the rows of a table that belong to `subjects`, cells as stripped texts, indexed by id.

    Raises:
        ValueError: if the table cannot be read or has no row of them.
    """
    try:
        table = read_columns(path, list(dict.fromkeys([identity, *columns])))
        ids = pc.replace_substring_regex(texts_of(table[identity]), r"\.0$", "")
        mine = pc.is_in(ids, pa.array(plain(subjects), pa.string()))
        cells = {name: texts_of(table[name].filter(mine)) for name in dict.fromkeys(columns)}
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"{path} cannot be read ({error}): write it again as CSV, TSV or parquet") from error
    rows = ids.filter(mine).to_pylist()
    if not rows:
        raise ValueError(
            f"none of the {len(subjects)} subjects of the cohort has a row in {path}: the cohort has ids such as "
            f"{next(iter(subjects), '')!r}, column {identity!r} such as {next(iter(ids.slice(0, 1).to_pylist()), '')!r}"
        )
    return pd.DataFrame({name: column.to_pandas().array for name, column in cells.items()}, index=rows)


def plain(subjects: Sequence[str]) -> list[str]:
    """Return ids as they are compared: a program that took them for numbers may have added a fraction."""
    return [subject.removesuffix(".0") for subject in subjects]


def read_columns(path: Path, columns: list[str]) -> pa.Table:
    """Return some columns of a table."""
    return pyarrow.parquet.read_table(path, columns=columns) if is_parquet(path) else read_text(path, columns)


def texts_of(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as stripped texts, empty where nothing is said."""
    return pc.utf8_trim_whitespace(column.cast(pa.string()).fill_null(""))


def read_text(path: Path, columns: list[str]) -> pa.Table:
    """Return some columns of a CSV or TSV file."""
    return pyarrow.csv.read_csv(
        path,
        parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter_of(first_line(path)), newlines_in_values=True),
        convert_options=pyarrow.csv.ConvertOptions(
            include_columns=columns, column_types={name: pa.string() for name in columns}
        ),
    )


def numbers(cells: "pd.Series[str]") -> "pd.Series[float]":
    """Return the numbers of a column of texts, NaN where there is none.

    Raises:
        ValueError: if a text is neither a number nor a usual mark of a missing one.
    """
    if bare(str(cells.name)) == "sex":
        cells = cells.str.lower().replace(SEXES)
    values = pd.to_numeric(cells, errors="coerce").astype(float)
    values = values.where(np.isfinite(values))
    strange = [text for text in cells[values.isna()].unique() if text.lower() not in NO_NUMBER]
    if strange:
        raise ValueError(
            f"column {cells.name!r} of the table holds {', '.join(map(repr, strange[:3]))}, which are no numbers: mend "
            "them, or predict them as classes with the objective cmr_ssl.tasks.objectives.Classification"
        )
    if field_of(str(cells.name)):
        values = values.mask(values.isin(NO_AMOUNT))
    return values


def classes(cells: "pd.Series[str]") -> "pd.Series[str]":
    """Return the class names of a column of texts, whole numbers without a fraction, NaN where there is none.

    Raises:
        ValueError: if the column holds broken numbers.
    """
    broken = cells[pd.to_numeric(cells, errors="coerce") % 1 > 0].unique()
    if len(broken):
        raise ValueError(
            f"column {cells.name!r} of the table holds numbers such as {broken[0]}, not classes: predict it with the "
            "objective cmr_ssl.tasks.objectives.Regression, or name another column"
        )
    names = cells.str.replace(r"^(-?\d+)\.0+$", r"\1", regex=True)
    unknown = names.str.lower().isin(NO_VALUE)
    if field_of(str(cells.name)):
        unknown |= names.isin(NO_ANSWER)
    return names.mask(unknown)


def one_row_each(values: pd.DataFrame, subjects: Sequence[str], path: Path) -> pd.DataFrame:
    """Return one row for each subject in their order, all missing where the table has none.

    Raises:
        ValueError: if a subject has rows that differ.
    """
    rows = values.rename_axis("subject").reset_index(allow_duplicates=True).drop_duplicates()
    index = pd.Index(rows.iloc[:, 0])
    twice = index[index.duplicated()]
    if len(twice):
        raise ValueError(f"{path} has rows of subject {twice[0]} with different values: keep one row a subject")
    lacking = len(subjects) - len(index)
    if lacking:
        log.warning("%d of %d subjects have no row in %s; they stay, without phenotypes", lacking, len(subjects), path)
    return values[~values.index.duplicated()].reindex(plain(subjects))


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


def check_known(values: NDArray[np.float32], names: Sequence[str], split: str) -> None:
    """Raise ValueError where nothing is known of some column of the values (N, K) of a split."""
    for name, column in zip(names, values.T, strict=True):
        if np.isnan(column).all():
            raise ValueError(
                f"{name} is known of none of the {len(values)} {split} subjects: fill in the column of the table, or "
                "leave this target out"
            )
