"""Splits by a stable hash of the person's id: the same for every task, machine and cohort."""

from hashlib import blake2b
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from cmr_ssl.cohort.phenotypes import read_classes
from cmr_ssl.cohort.relatives import visit_of

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)
Fractions = tuple[float, float, float]


def hashed_split(subject: str, fractions: Fractions) -> Split:
    """Return the split of `subject` for the fractions of train, val and test.

    The hash is in 0 to 1, whatever else is in the cohort; visits of one person share it.
    """
    person = visit_of(subject).person
    hashed = int.from_bytes(blake2b(person.encode(), digest_size=8).digest(), "big") / 2**64
    train, val, _ = fractions
    return "train" if hashed < train else "val" if hashed < train + val else "test"


def split_cohort(
    cohort: pd.DataFrame, fractions: Fractions, column: str | None, table: Path | None = None
) -> "pd.Series[str]":
    """Return the split of each row of the cohort table.

    Args:
        cohort: the table, with a column ``subject``.
        fractions: of train, val and test; used where no column is named.
        column: a column of the cohort table, or else of `table`, of train, val and test.
        table: a table of phenotypes, such as `python -m cmr_ssl cohort` writes; None for none.

    Raises:
        ValueError: if fractions do not add up to one, or the column is missing or has other values.
    """
    if column is None:
        if min(fractions) < 0 or abs(sum(fractions) - 1) > 1e-6:
            raise ValueError(f"split fractions must be positive and add up to 1, got {fractions}")
        return cohort["subject"].map(lambda subject: hashed_split(subject, fractions))
    if column not in cohort and table is not None:
        classes, names = read_classes(table, column, list(cohort["subject"]))
        cohort = cohort.assign(**{column: [names[index] if index >= 0 else None for index in classes]})
    if column not in cohort:
        raise ValueError(
            f"the cohort table has no column {column!r} to split by; it has {', '.join(cohort.columns)}: name the "
            "table that has it with --data.table FILE in training, with --table FILE elsewhere"
        )
    unknown = sorted(set(cohort[column].dropna().astype(str)) - set(SPLITS))
    if unknown:
        raise ValueError(f"column {column!r} of the cohort table says {unknown[0]!r}; it may say {', '.join(SPLITS)}")
    return cohort[column].astype(str)
