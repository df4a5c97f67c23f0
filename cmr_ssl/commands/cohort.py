"""The command `cohort`."""

from functools import partial
from pathlib import Path

from cmr_ssl.cohort.splits import Fractions
from cmr_ssl.cohort.withdrawal import read_withdrawn
from cmr_ssl.files import check_parquet
from cmr_ssl.tables.fields import Fields

NO_FIELDS = Fields()


def cohort(
    cache: Path,
    table: Path,
    out: Path,
    relatives: Path | None = None,
    columns: list[str] | None = None,
    fractions: Fractions = (0.8, 0.1, 0.1),
    withdrawn: Path | None = None,
    fields: Fields = NO_FIELDS,
) -> int:
    """Join a cache's subjects with their phenotypes and covariates, and give everybody a split.

    The columns are `subject`, `person`, `visit`, `split`, `in_table`, what preparing says, and the phenotypes by the
    field's names. Train with `--data.table OUT --data.split_column split`.

    Args:
        cache: folder made by `python -m cmr_ssl prepare`.
        table: CSV, TSV or parquet file, packed or not, one row a person; only the columns that are needed are read.
        out: parquet file to write.
        relatives: text with the ids of two relatives a line; relatives get one split, as visits of a person always do.
        columns: further columns of numbers, by name or field id; without them, all that the field has names for.
        fractions: of train, val and test, drawn by a stable hash of the person.
        withdrawn: text or CSV file of participants who withdrew and are left out.
        fields: YAML file, as in `configs/fields`, of further columns of any kind, dates too.

    Raises:
        FileExistsError: if `out` is a folder.
        FileNotFoundError: if a file or the cache is missing.
        ValueError: if the table cannot be read, contradicts itself, or lacks a column that was named, or `out`
            is no parquet file by its name.
    """
    check_parquet(out)
    from cmr_ssl.cohort.joined_table import write_joined
    from cmr_ssl.tables.cohort_fields import field_columns

    more_columns = partial(field_columns, table, fields) if fields != NO_FIELDS else None
    write_joined(cache, table, out, relatives, columns or [], fractions, read_withdrawn(withdrawn), more_columns)
    return 0
