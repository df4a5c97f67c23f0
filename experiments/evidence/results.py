"""From predictions to numbers with intervals: errors by arm, and arms compared in pairs."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from benchmarks.statistics import compare, holm, mean_error
from numpy.typing import NDArray

KEYS = ["test", "labels", "target"]
AXES = ("pretraining", "draw", "subject")


class Errors:
    """Errors (P, D, S) of one arm in one test.

    Attributes:
        values: NaN where nobody knows the truth.
        draws: of labelled subjects, D.
        subjects: S.
    """

    def __init__(self, values: NDArray[np.float64], draws: list[int], subjects: list[str]) -> None:
        """Leave out subjects whose truth is unknown."""
        there = ~np.isnan(values).any(axis=(0, 1))
        self.values, self.draws = values[:, :, there], draws
        self.subjects = [subject for subject, kept in zip(subjects, there, strict=True) if kept]

    def common(self, other: "Errors") -> NDArray[np.float64]:
        """Return what has a partner in `other`: the draws and subjects that both have."""
        draws = [index for index, draw in enumerate(self.draws) if draw in other.draws]
        subjects = [index for index, subject in enumerate(self.subjects) if subject in set(other.subjects)]
        return self.values[:, draws][:, :, subjects]


def predictions(out: Path) -> pd.DataFrame:
    """Return what all arms predicted, with the absolute error of each."""
    files = sorted((out / "predictions").glob("*.parquet"))
    rows = pd.concat([pd.read_parquet(file) for file in files]) if files else pd.DataFrame()
    return rows.assign(error=(rows["predicted"] - rows["true"]).abs()) if files else rows


def errors_of(rows: pd.DataFrame) -> Errors:
    """Return the errors of one arm in one test: an array (P, D, S) and what its axes are."""
    axes = [sorted(rows[name].unique()) for name in ("pretraining", "draw", "subject")]
    places = [pd.Categorical(rows[name], categories=axis).codes for name, axis in zip(AXES, axes, strict=True)]
    values = np.full([len(axis) for axis in axes], np.nan)
    values[tuple(places)] = rows["error"]
    return Errors(values, axes[1], axes[2])


def means(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the mean error of each arm in each test with its interval."""
    found = []
    for key, some in rows.groupby([*KEYS, "arm"], sort=False):
        value, low, high = mean_error(errors_of(some).values)
        found.append(dict(zip([*KEYS, "arm"], key, strict=True)) | {"value": value, "low": low, "high": high})
    return pd.DataFrame(found)


def comparisons(rows: pd.DataFrame, pairs: Iterable[tuple[str, str]]) -> pd.DataFrame:
    """Return, for each pair of arms and each test, how their errors differ; p is adjusted within a pair (Holm)."""
    tables = [adjusted(pd.DataFrame(list(compared(rows, *pair)))) for pair in pairs]
    tables = [table for table in tables if len(table)]
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def compared(rows: pd.DataFrame, arm: str, other: str) -> Iterator[dict[str, object]]:
    """Yield a row for each test that two arms share."""
    of_other = dict(list(rows[rows["arm"] == other].groupby(KEYS, sort=False)))
    for key, some in rows[rows["arm"] == arm].groupby(KEYS, sort=False):
        if key in of_other:
            yield dict(zip(KEYS, key, strict=True)) | paired(some, of_other[key]) | {"arm": arm, "other": other}


def paired(some: pd.DataFrame, others: pd.DataFrame) -> dict[str, float]:
    """Return the comparison of two arms in one test as a row."""
    ours, theirs = errors_of(some), errors_of(others)
    found = compare(ours.common(theirs), theirs.common(ours))
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
