"""Tables of errors and of comparisons as Markdown."""

from collections.abc import Iterator, Sequence

import pandas as pd

from cmr_ssl.report.tables import markdown
from experiments.evidence.studies import TARGETS

CERTAIN = 0.05  # adjusted p below which a difference counts


def error_table(errors: pd.DataFrame) -> Iterator[str]:
    """Yield a table of mean absolute errors for each test: a row an arm and number of labels, a column a target."""
    for test, some in errors.groupby("test", sort=False):
        cells = some.assign(cell=some.apply(error_cell, axis=1))
        yield f"**{test}**: mean absolute errors with 95 % intervals"
        yield wide(cells, ["labels", "arm"])


def reduction_table(differences: pd.DataFrame) -> Iterator[str]:
    """Yield a table for each test and pair: by how much of the other's error the one's is smaller, %."""
    for (test, arm, other), some in differences.groupby(["test", "arm", "other"], sort=False):
        cells = some.assign(cell=some.apply(reduction_cell, axis=1))
        yield f"**{test}**: how much less than {other} errs {arm}, % (* certain after Holm's correction)"
        yield wide(cells, ["labels"])


def hardest(differences: pd.DataFrame) -> Iterator["pd.Series[float]"]:
    """Yield the comparison of each target with the control that comes off best."""
    yield from (line for _, line in against_best(differences).iterrows())


def against_best(differences: pd.DataFrame) -> pd.DataFrame:
    """Return the comparisons of arms with whichever of the others comes off best, each target and test by itself."""
    some = differences.reset_index(drop=True)
    return some.loc[some.groupby(["test", "labels", "arm", "target"], sort=False)["reduction"].idxmin()]


def wide(cells: pd.DataFrame, rows: list[str], known: Sequence[str] = TARGETS) -> str:
    """Return cells as a Markdown table with a column a `known` target; `rows` name its first columns."""
    targets = [target for target in known if target in set(cells["target"])]
    order = cells.sort_values("labels", kind="stable")[rows].drop_duplicates()
    table = cells.pivot(index=rows, columns="target", values="cell").reindex(columns=targets)
    merged = order.merge(table.reset_index(), on=rows, how="left").fillna("")
    return markdown(merged.columns, merged.itertuples(index=False, name=None), len(rows))


def error_cell(line: "pd.Series[float]") -> str:
    """Return an error with its interval."""
    return f"{line['value']:.2f} [{line['low']:.2f}, {line['high']:.2f}]"


def reduction_cell(line: "pd.Series[float]") -> str:
    """Return a relative reduction with its interval, in %, and whether it is certain."""
    low, value, high = (100 * line[f"reduction{end}"] for end in (" low", "", " high"))
    return f"{value:.0f} [{low:.0f}, {high:.0f}]" + ("*" if line["holm"] < CERTAIN else "")
