"""Read the described fields of a cohort from its table; unknown values stay NaN."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cmr_ssl.cohort.cells import NO_VALUE, read_names, read_numbers
from cmr_ssl.cohort.columns import matching_columns, resolve
from cmr_ssl.cohort.phenotypes import find_columns, header_of, one_row_each, rows_of
from cmr_ssl.tables.fields import Code, Column, Day, Fields, YesNo

Values = NDArray[np.float32]

WORDS = {"no": "0", "n": "0", "false": "0", "yes": "1", "y": "1", "true": "1"}
# UK Biobank's codes for an unknown or impossible day
UNKNOWN_DAYS = ("1900-01-01", "1901-01-01", "1902-02-02", "1903-03-03", "1909-09-09", "2037-07-07")
UNDATED = np.datetime64("1900-01-01")


def read_fields(path: Path, fields: Fields, subjects: Sequence[str]) -> Values:
    """Return the values of `subjects`, (N, F) in the order of `Fields.readable`, NaN where unknown.

    Numbers are as they stand in the table, yes is 1 and no is 0, and a category is the index of its class.

    Args:
        path: the table, CSV, TSV or parquet, one row a subject.
        fields: which, and their coding.
        subjects: their ids.

    Raises:
        FileNotFoundError: if there is no table.
        ValueError: if it cannot be read, lacks a field or all subjects, contradicts itself, or a field is of another
            kind than described.
    """
    cells = read_cells(path, fields.readable, subjects)
    numbers = read_numbers(cells[[field.name for field in fields.numbers]], path)  # together: they share a decimal sign
    columns = [
        *(numbers[field.name] for field in fields.numbers),
        *(_classes(cells[field.name], field, ["0", "1"], path) for field in fields.yes_no),
        *(_classes(cells[field.name], field, [*map(str, field.classes)], path) for field in fields.categories),
    ]
    values = pd.DataFrame(dict(zip(fields.names, columns, strict=True)), index=cells.index)
    return one_row_each(values, subjects, path)[fields.names].to_numpy(np.float32)


def read_days(path: Path, days: Sequence[Day], subjects: Sequence[str]) -> NDArray[np.datetime64]:
    """Return dates, (N, D), NaT where nothing happened, `UNDATED` where the day is unknown; see `read_fields`.

    Raises:
        FileNotFoundError: if there is no table.
        ValueError: as `read_fields`, and if a cell is no date.
    """
    cells = read_cells(path, days, subjects)
    names = [day.name for day in days]
    columns = {name: _days(cells[name], path) for name in names}
    rows = one_row_each(pd.DataFrame(columns, index=cells.index), subjects, path)
    return rows[names].to_numpy("datetime64[D]")


def read_cells(path: Path, fields: Sequence[Column], subjects: Sequence[str]) -> pd.DataFrame:
    """Return the texts of `fields` under their names, indexed by subject; codes for no answer are empty."""
    identity, _ = find_columns(path, [])
    header = header_of(path)
    columns = {field.name: column_of(header, field, path) for field in fields}
    cells = rows_of(subjects, path, identity, list(columns.values()))
    texts = {field.name: _without_codes(cells[columns[field.name]], field.unknown) for field in fields}
    return pd.DataFrame(texts, index=cells.index)


def column_of(header: Sequence[str], field: Column, path: Path) -> str:
    """Return the column of a field: by its name, else by its id; raise ValueError if none matches, or several."""
    name = field.name
    if field.ukb is not None and not matching_columns(header, field.name, field.visit):
        name = str(field.ukb)
        if not matching_columns(header, name, field.visit):
            raise ValueError(
                f"field {field.name!r} (UK Biobank's {field.ukb}, visit {field.visit}) is in no column of {path}: "
                "add it to the table, or take it out of the description of the fields"
            )
    try:
        return resolve(header, name, field.visit)
    except ValueError as error:
        raise ValueError(f"field {field.name!r} in {path}: {error}") from error


def check_fields(values: Values, names: Sequence[str]) -> None:
    """Raise ValueError unless every field of the training values (N, F) can be learnt, naming those that cannot."""
    known = {name: column[np.isfinite(column)] for name, column in zip(names, values.T, strict=True)}
    useless = [name for name, numbers in known.items() if not len(numbers) or numbers.min() == numbers.max()]
    if not useless:
        return
    first, others = known[useless[0]], ", ".join(map(repr, useless[1:]))
    more = f"; {others} tell nothing either" if others else ""
    if not len(first):
        raise ValueError(
            f"field {useless[0]!r} is known of none of {len(values)} training subjects{more}: fill in the columns, or "
            "take these fields out of the description of the fields"
        )
    raise ValueError(
        f"field {useless[0]!r} is {first[0]:g} in all {len(first)} training subjects of whom it is known, and tells "
        f"nothing{more}: take these fields out of the description of the fields"
    )


def _without_codes(cells: "pd.Series[str]", unknown: Sequence[Code]) -> "pd.Series[str]":
    """Return texts, empty in place of codes for no answer."""
    texts = cells.str.strip()
    plain = texts.str.replace(r"^(-?\d+)[.,]0+$", r"\1", regex=True)  # -3.0000 is -3
    codes = {str(code) for code in unknown} | {f"{code:g}" for code in unknown if isinstance(code, float)}
    return texts.mask(plain.isin(codes) | texts.isin(codes), "")


def _classes(cells: "pd.Series[str]", field: Column, classes: list[str], path: Path) -> "pd.Series[float]":
    """Return the index of each cell's class, NaN where unknown."""
    names = read_names(cells.str.lower().replace(WORDS) if isinstance(field, YesNo) else cells, path)
    other = names.dropna()[~names.dropna().isin(classes)]
    if len(other):
        raise ValueError(
            f"field {field.name!r} of {path} holds {other.iloc[0]!r} (subject {other.index[0]}), which is none of "
            f"{', '.join(classes)}: describe it under classes or unknown, or as another kind"
        )
    return names.map({name: float(index) for index, name in enumerate(classes)}).astype(float)


def _days(cells: "pd.Series[str]", path: Path) -> "pd.Series[pd.Timestamp]":
    """Return dates, `UNDATED` where something happened on an unknown day."""
    texts = cells.str.slice(0, 10)
    empty, undated = texts.str.lower().isin(NO_VALUE), texts.isin(UNKNOWN_DAYS)
    days = pd.to_datetime(texts.mask(empty).mask(undated, str(UNDATED)), format="%Y-%m-%d", errors="coerce")
    broken = cells[days.isna() & ~empty]
    if len(broken):
        raise ValueError(
            f"field {cells.name!r} of {path} holds {broken.iloc[0]!r} (subject {broken.index[0]}), which is no date "
            f"such as 2021-03-09: mend the {len(broken)} such cells"
        )
    return days
