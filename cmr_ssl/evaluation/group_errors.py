"""Errors by group of people, and how each group differs from everybody else."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import ttest_ind_from_stats

from cmr_ssl.agreement import Estimate, estimate
from cmr_ssl.evaluation.bootstrap import mean, resampled_means
from cmr_ssl.evaluation.evaluated import DICE, Evaluated, dice_of_subjects
from cmr_ssl.evaluation.groups import UNKNOWN
from cmr_ssl.evaluation.holm import holm

Array = NDArray[np.float64]

FEWEST = 20  # subjects of a group, and of the rest
SIZE, SIGNED = "absolute error", "error"
TOO_FEW = "too few"
SIGNIFICANT = 0.05


class GroupError(NamedTuple):
    """One measure in one group.

    Attributes:
        by: column of the table.
        group: name of the group.
        N: subjects of the group with this measure.
        of: phenotype or structure.
        measure: `SIZE`, `SIGNED` or `DICE`.
        mean: over the group, with its interval.
        difference: of that mean to the mean of all other groups, with its interval.
        p: of no difference, two-sided, by Welch's test.
        note: why there are no numbers.
    """

    by: str
    group: str
    N: int
    of: str
    measure: str
    mean: Estimate
    difference: Estimate
    p: float
    note: str


def errors_of(evaluated: Evaluated) -> pd.DataFrame:
    """Return what is averaged over groups, a row a subject; columns are pairs of what it is of and the measure."""
    values = evaluated.values
    difference = values.first - values.second
    columns = {(name, SIZE): difference[name].abs() for name in difference}
    columns |= {(name, SIGNED): difference[name] for name in difference}
    if len(evaluated.wholes):
        dice = dice_of_subjects(evaluated)
        columns |= {(name.removeprefix(f"{DICE} "), DICE): dice[name] for name in dice}
    table = pd.DataFrame(columns, index=difference.index, dtype=np.float64)
    return table.loc[:, table.notna().any()]


def group_errors(errors: pd.DataFrame, groups: pd.DataFrame, fewest: int = FEWEST) -> pd.DataFrame:
    """Return a row for each group and measure, with intervals over subjects and tests corrected for their number.

    Means and differences have percentile intervals of 1000 bootstrap resamples, in which the group and the rest are
    drawn apart. p is of Welch's t-test of the group's mean against that of all subjects in other groups of the same
    column; `p (Holm)` is corrected for all tests of the table. A group, or a rest, of fewer than `fewest` subjects is
    listed, without numbers.

    Args:
        errors: see `errors_of`.
        groups: a row a subject, a column a way to group; see `groups.read_groups`.
        fewest: subjects.
    """
    found = [row for number, by in enumerate(groups) for row in _by_one(errors, groups[by], fewest, seed=number)]
    rows = [
        {"by": one.by, "group": one.group, "N": one.N, "of": one.of, "measure": one.measure}
        | _columns("mean", one.mean)
        | _columns("difference", one.difference)
        | {"p": one.p, "note": one.note}
        for one in found
    ]
    table = pd.DataFrame(rows)
    if len(table):
        tested = table["p"].notna()
        table.insert(len(table.columns) - 1, "p (Holm)", np.nan)
        table.loc[tested, "p (Holm)"] = holm(table.loc[tested, "p"].to_list())
    return table


def _by_one(errors: pd.DataFrame, groups: "pd.Series[str]", fewest: int, seed: int) -> Iterator[GroupError]:
    """Yield the rows of one way to group; subjects of no known group do not count."""
    values, labels = errors.to_numpy(np.float64), groups.to_numpy(dtype=object)
    names = sorted({*labels} - {UNKNOWN}, key=_order)
    for number, name in enumerate(names):
        inside, outside = values[labels == name], values[(labels != name) & (labels != UNKNOWN)]
        again = resampled_means(inside, seed=2 * (100 * seed + number))
        others = (
            resampled_means(outside, seed=2 * (100 * seed + number) + 1)
            if len(outside)
            else np.full_like(again, np.nan)
        )
        for column, (of, measure) in enumerate(errors.columns):
            mine, rest = inside[:, column], outside[:, column]
            mine, rest = mine[np.isfinite(mine)], rest[np.isfinite(rest)]
            here = (str(groups.name), name, len(mine), str(of), str(measure))
            if len(mine) < fewest:
                yield GroupError(*here, Estimate(np.nan), Estimate(np.nan), np.nan, f"{TOO_FEW}: fewer than {fewest}")
                continue
            average = estimate(mean(mine), again[:, column])
            if len(rest) < fewest:
                note = f"{TOO_FEW} others: {len(rest)}, fewer than {fewest}"
                yield GroupError(*here, average, Estimate(np.nan), np.nan, note)
                continue
            difference = estimate(mean(mine) - mean(rest), again[:, column] - others[:, column])
            yield GroupError(*here, average, difference, welch(mine, rest), "")


def welch(one: Array, other: Array) -> float:
    """Return the p-value of Welch's t-test of two means, values (N,) and (M,); NaN where nothing varies."""
    if np.ptp(one) == np.ptp(other) == 0:
        return float("nan")
    moments = (number for values in (one, other) for number in (values.mean(), values.std(ddof=1), len(values)))
    return float(ttest_ind_from_stats(*moments, equal_var=False).pvalue)


def _columns(name: str, value: Estimate) -> dict[str, float]:
    return {name: value.value, f"{name} 2.5 %": value.low, f"{name} 97.5 %": value.high}


def _order(group: str) -> tuple[float, str]:
    """Return what sorts bands by their lower edge, and others by name after them."""
    first = group.split()[0] if not group.startswith(("<", ">=")) else group.split()[-1]
    number = float(first) if first.replace(".", "", 1).isdecimal() else np.inf
    return number - 0.5 * group.startswith("<"), group
