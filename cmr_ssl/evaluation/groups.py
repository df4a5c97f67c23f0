"""Groups of people by columns of a table: sex, ages between stated edges, classes of body mass, diseases."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pandas as pd

from cmr_ssl.cohort.cells import read_names, read_numbers
from cmr_ssl.cohort.columns import matching_columns, phenotype_of, resolve
from cmr_ssl.cohort.phenotypes import find_columns, header_of, one_row_each, rows_of

SEX, AGE, BMI = "Sex", "Age", "BMI (kg/m2)"
SEXES = {0.0: "women", 1.0: "men"}
EDGES: dict[str, tuple[float, ...]] = {AGE: (45, 55, 65, 75), BMI: (18.5, 25, 30)}  # those of `test`, and of the WHO
MOST_GROUPS = 12  # of a column without edges
UNKNOWN = ""
USUAL = ("sex", "age", "bmi", "pathology")


def read_groups(
    path: Path, by: Sequence[str] | None, subjects: Sequence[str], edges: Mapping[str, Sequence[float]]
) -> pd.DataFrame:
    """Return the group of each subject by each column, `UNKNOWN` where the table does not tell.

    Args:
        path: CSV, TSV or parquet, one row a subject.
        by: names of columns, in any case, or of phenotypes in any spelling; None for those of `USUAL` that are there.
        subjects: their ids.
        edges: of columns of numbers, rising; they come before those of `EDGES`.

    Returns:
        A row a subject in order, a column a name as the table writes it.

    Raises:
        FileNotFoundError: if there is no table.
        ValueError: if a column is missing, holds many numbers and has no edges, or edges do not rise or name nothing.
    """
    find_columns(path, [])
    header = header_of(path)
    columns = _usual(header, path) if by is None else [column_of(header, name) for name in by]
    own = {column_of(header, name): values for name, values in edges.items()}
    for name, values in own.items():
        if name not in columns:
            raise ValueError(f"edges are given of {name}, by which nobody is grouped: add it to --by")
        if list(values) != sorted({*values}):
            raise ValueError(f"the edges {list(values)} of {name} do not rise")
    identity, _ = find_columns(path, [])
    cells = rows_of(subjects, path, identity, columns)
    groups = {name: _grouped(cells[[name]], name, subjects, path, own) for name in columns}
    return pd.DataFrame(groups, index=list(subjects))


def _usual(header: Sequence[str], path: Path) -> list[str]:
    """Return the columns of `USUAL` that a table has; raise ValueError if it has none."""
    found = []
    for name in USUAL:
        with suppress(ValueError):
            found.append(column_of(header, name))
    if not found:
        raise ValueError(f"{path} has no column of {', '.join(USUAL)}: name columns to group by as --by")
    return found


def column_of(header: Sequence[str], name: str) -> str:
    """Return the column that a name means, whatever its case; raise ValueError if none or several do."""
    alike = [column for column in header if column.strip().casefold() == name.strip().casefold()]
    if len(alike) == 1 and not matching_columns(header, name):
        return alike[0]
    return resolve(header, name)


def band(value: float, edges: Sequence[float]) -> str:
    """Return between which edges a value lies, such as "50 to < 60"; an edge belongs to what is above it."""
    if not np.isfinite(value):
        return UNKNOWN
    above = int(np.searchsorted(edges, value, side="right"))
    if above == 0:
        return f"< {edges[0]:g}"
    return f">= {edges[-1]:g}" if above == len(edges) else f"{edges[above - 1]:g} to < {edges[above]:g}"


def _grouped(
    cells: pd.DataFrame, name: str, subjects: Sequence[str], path: Path, own: Mapping[str, Sequence[float]]
) -> "list[str]":
    """Return the group of each subject by one column."""
    phenotype = phenotype_of(name) or name
    edges = own.get(name, EDGES.get(phenotype))
    if edges is None and phenotype != SEX:
        texts = one_row_each(cells.apply(read_names, path=path), subjects, path)[name]
        different = texts.dropna().unique()
        if len(different) > MOST_GROUPS:
            raise ValueError(
                f"column {name!r} of {path} has {len(different)} different values, such as {different[0]!r}: a column "
                f"of numbers needs edges, as in --edges '{{{name}: [10, 20]}}'"
            )
        return list(texts.fillna(UNKNOWN))
    values = one_row_each(read_numbers(cells, path), subjects, path)[name].to_numpy(np.float64)
    if edges is None:
        return [SEXES.get(float(value), UNKNOWN) for value in values]
    return [band(float(value), edges) for value in values]
