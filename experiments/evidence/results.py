"""From predictions to numbers with intervals: errors by arm, and arms compared in pairs."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cmr_ssl.evaluation.holm import holm
from experiments.statistics import compare, mean_error

KEYS = ["test", "labels", "target"]


def predictions(out: Path) -> pd.DataFrame:
    """Return what all arms predicted, with the absolute error of each."""
    return with_errors(sorted((out / "predictions").glob("*.parquet")))


def with_errors(files: Sequence[Path]) -> pd.DataFrame:
    """Return the predictions of some files with the absolute error of each; nothing of none."""
    rows = pd.concat([pd.read_parquet(file) for file in files]) if files else pd.DataFrame()
    return rows.assign(error=(rows["predicted"] - rows["true"]).abs()) if files else rows


def known(rows: pd.DataFrame) -> set[str]:
    """Return the subjects of one arm in one test of whom somebody knows the truth."""
    return {*rows["subject"]} - {*rows.loc[rows["error"].isna(), "subject"]}


def errors_of(rows: pd.DataFrame, draws: Collection[int], subjects: Collection[str]) -> NDArray[np.float64]:
    """Return the errors (P, D, S) of one arm in one test, of so many pretrainings, draws of labels and subjects.

    Raises:
        ValueError: if a subject has several errors in one draw of one pretraining.
    """
    axes = {"pretraining": sorted(set(rows["pretraining"])), "draw": sorted(draws), "subject": sorted(subjects)}
    where = np.stack([pd.Index(names).get_indexer(rows[axis]) for axis, names in axes.items()])
    asked = (where >= 0).all(axis=0)
    where, errors = where[:, asked], np.full([*map(len, axes.values())], np.nan)
    if np.unique(where, axis=1).shape != where.shape:
        raise ValueError("a subject has several errors in one draw of one pretraining: remove the older predictions")
    errors[tuple(where)] = rows["error"].to_numpy()[asked]
    return errors


def means(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the mean error of each arm in each test with its interval."""
    found = []
    for key, some in rows.groupby([*KEYS, "arm"], sort=False):
        value, low, high = mean_error(errors_of(some, {*some["draw"]}, known(some)))
        found.append(dict(zip([*KEYS, "arm"], key, strict=True)) | {"value": value, "low": low, "high": high})
    return pd.DataFrame(found)


def comparisons(rows: pd.DataFrame, pairs: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """Return, for each pair of arms and each test, how their errors differ; p is adjusted within a pair (Holm)."""
    tables = [adjusted(pd.DataFrame(list(compared(rows, *pair)))) for pair in pairs]
    tables = [table for table in tables if len(table)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def write_tables(out: Path, rows: pd.DataFrame, pairs: Iterable[tuple[str, str]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write the mean errors of all arms and the comparisons of some as CSV, and return both."""
    errors, differences = means(rows), comparisons(rows, pairs)
    errors.to_csv(out / "errors.csv", index=False)
    differences.to_csv(out / "comparisons.csv", index=False)
    return errors, differences


def compared(rows: pd.DataFrame, arm: str, other: str) -> Iterator[dict[str, object]]:
    """Yield a row for each test that two arms share."""
    of_other = dict(list(rows[rows["arm"] == other].groupby(KEYS, sort=False)))
    for key, some in rows[rows["arm"] == arm].groupby(KEYS, sort=False):
        if key in of_other:
            yield dict(zip(KEYS, key, strict=True)) | paired(some, of_other[key]) | {"arm": arm, "other": other}


def paired(some: pd.DataFrame, others: pd.DataFrame) -> dict[str, float]:
    """Return the comparison of two arms in one test as a row."""
    draws, subjects = {*some["draw"]} & {*others["draw"]}, known(some) & known(others)
    found = compare(errors_of(some, draws, subjects), errors_of(others, draws, subjects))
    named = {"difference": found.difference, "reduction": found.reduction}
    flat = {
        f"{name}{end}": number
        for name, estimate in named.items()
        for end, number in zip(("", " low", " high"), estimate, strict=True)
    }
    return flat | {"p": found.p}


def adjusted(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of comparisons with their p-values adjusted for their number."""
    return table.assign(holm=holm(table["p"].to_list())) if len(table) else table
