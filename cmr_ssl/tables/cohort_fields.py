"""The fields of a table as further columns of a cohort, each subject's at the own visit."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pandas as pd

from cmr_ssl.cohort.relatives import visit_of
from cmr_ssl.tables.field_reader import read_days, read_fields
from cmr_ssl.tables.fields import IMAGING, Column, Fields

AnyColumn = TypeVar("AnyColumn", bound=Column)


def field_columns(path: Path, fields: Fields, subjects: Sequence[str]) -> pd.DataFrame:
    """Return the fields of subjects, a row each: numbers, 1 and 0, codes of classes, and days as text.

    What is unknown is empty; a day that nobody knows stays 1900-01-01, so that it is not taken for never.

    Args:
        path: the table, one row a person.
        fields: which; those of the first visit with imaging are read at the own visit of each subject.
        subjects: their ids, with visits where they have some.

    Raises:
        FileNotFoundError: if there is no table.
        ValueError: as `read_fields` and `read_days`.
    """
    visits = pd.Series([visit_of(subject).number for subject in subjects], index=list(subjects))
    parts = [_at(path, fields, visit, list(here.index)) for visit, here in visits.groupby(visits)]
    return pd.concat(parts).reindex(list(subjects))


def _at(path: Path, fields: Fields, visit: int, subjects: list[str]) -> pd.DataFrame:
    """Return the fields of subjects who were all imaged at one visit."""
    own = replace(
        fields,
        numbers=[_moved(one, visit) for one in fields.numbers],
        yes_no=[_moved(one, visit) for one in fields.yes_no],
        categories=[_moved(one, visit) for one in fields.categories],
        days=[_moved(one, visit) for one in fields.days],
    )
    persons = [visit_of(subject).person for subject in subjects]
    values = pd.DataFrame(read_fields(path, own, persons), subjects, own.names)
    for one in own.categories:
        codes = dict(enumerate(map(str, one.classes)))
        values[one.name] = values[one.name].map(codes)
    if own.days:
        days = pd.DataFrame(read_days(path, own.days, persons), subjects, [one.name for one in own.days])
        values = pd.concat([values, days.apply(lambda column: column.dt.strftime("%Y-%m-%d"))], axis=1)
    return values


def _moved(field: AnyColumn, visit: int) -> AnyColumn:
    return replace(field, visit=visit) if field.visit == IMAGING else field
