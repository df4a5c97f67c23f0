"""Join the subjects of a cache with their phenotypes and splits in one table."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd

from cmr_ssl.cohort.cells import read_numbers
from cmr_ssl.cohort.cohort_summary import print_summary
from cmr_ssl.cohort.cohort_table import read_cohort
from cmr_ssl.cohort.columns import FIELDS, matching_columns, phenotype_of, resolve
from cmr_ssl.cohort.phenotypes import find_columns, header_of, one_row_each, rows_of
from cmr_ssl.cohort.relatives import FIRST_VISIT, families, pairs_by_cohort_ids, read_pairs, visit_of
from cmr_ssl.cohort.splits import Fractions, split_cohort
from cmr_ssl.cohort.withdrawal import Withdrawn
from cmr_ssl.files import write_atomically

log = logging.getLogger(__name__)


def write_joined(
    cache: Path,
    table: Path,
    out: Path,
    relatives: Path | None,
    columns: Sequence[str],
    fractions: Fractions,
    withdrawn: Withdrawn,
    more_columns: Callable[[list[str]], pd.DataFrame] | None = None,
) -> None:
    """Write the table of a cache's subjects; see the command `cohort`. `more_columns` reads more of subjects."""
    prepared = read_cohort(cache, withdrawn)
    persons = [visit_of(subject).person for subject in prepared["subject"]]
    pairs = pairs_by_cohort_ids(read_pairs(relatives), persons, str(relatives)) if relatives else []
    joined = with_splits(prepared, pairs, fractions)
    values, in_table = read_values(table, joined, columns)
    joined.insert(4, "in_table", in_table)
    if more_columns:
        more = more_columns(list(joined["subject"])).set_axis(joined.index)
        values = values.drop(columns=[name for name in values if name in more])
        joined = pd.concat([joined, values, more], axis=1)
    else:
        joined = pd.concat([joined, values], axis=1)
    write_atomically(out, lambda stream: joined.to_parquet(stream, index=False))
    print_summary(joined, list(values.columns), out)


def with_splits(prepared: pd.DataFrame, pairs: Sequence[tuple[str, str]], fractions: Fractions) -> pd.DataFrame:
    """Return a cohort table with the person, visit and split of each subject."""
    visits = [visit_of(subject) for subject in prepared["subject"]]
    family = families([visit.person for visit in visits], pairs)
    joined = prepared.reset_index(drop=True)
    joined.insert(1, "person", [visit.person for visit in visits])
    joined.insert(2, "visit", [visit.number for visit in visits])
    joined.insert(3, "split", split_cohort(joined.assign(subject=family), fractions, None))
    return joined


def read_values(table: Path, joined: pd.DataFrame, further: Sequence[str]) -> tuple[pd.DataFrame, "pd.Series[bool]"]:
    """Return the phenotypes of each row of a cohort at its visit, NaN where unknown, and which rows the table has."""
    identity, _ = find_columns(table, [])
    header = header_of(table)
    if not further and not any(map(phenotype_of, header)):
        log.warning(
            "no column of %s has a name of the field, so nothing is known of anybody: its columns are %s; name those "
            "that you need with --columns or --fields",
            *(table, ", ".join(name for name in header[:8] if name != identity)),
        )
    by_visit = {visit: columns_at(header, further, int(visit)) for visit in sorted(joined["visit"].unique())}
    columns = dict.fromkeys(column for columns in by_visit.values() for column in columns.values())
    persons = sorted(joined["person"].unique())
    cells = rows_of(persons, table, identity, [*columns])
    rows = one_row_each(read_numbers(cells, table), persons, table).set_axis(persons).astype("float32")
    parts = []
    for visit, visited in joined.groupby("visit")["person"]:
        part = rows.loc[visited, list(by_visit[visit].values())]
        parts.append(part.set_axis(list(by_visit[visit]), axis=1).set_axis(visited.index))
    names = dict.fromkeys(name for columns in by_visit.values() for name in columns)
    values = pd.concat(parts).reindex(index=joined.index, columns=[*names])
    return values, joined["person"].isin(cells.index)


def columns_at(header: Sequence[str], further: Sequence[str], visit: int) -> dict[str, str]:
    """Map names to columns of a visit, `FIELDS` if present and `further`; raise ValueError if ambiguous or missing."""
    names = [name for name in (*FIELDS, *further) if matching_columns(header, name, visit)]
    names += [name for name in further if visit == FIRST_VISIT and name not in names]
    return {name: resolve(header, name, visit) for name in names}
