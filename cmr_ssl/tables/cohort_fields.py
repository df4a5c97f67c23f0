"""The fields of a table as further columns of a cohort, read at the visit of each subject."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cmr_ssl.cohort.relatives import visit_of
from cmr_ssl.tables.field_reader import read_days, read_fields
from cmr_ssl.tables.fields import Fields


def field_columns(path: Path, fields: Fields, subjects: Sequence[str]) -> pd.DataFrame:
    """Return the fields of subjects, a row each: numbers, 1 and 0, codes of classes, and days as text.

    What is unknown is empty; an unknown day stays 1900-01-01, so that it is not taken for never.

    Args:
        path: the table, one row a person.
        fields: those of the first visit with imaging are read at the visit of each subject.
        subjects: their ids, with visits where they have some.

    Raises:
        FileNotFoundError: if there is no table.
        ValueError: as `read_fields` and `read_days`.
    """
    visits = pd.Series([visit_of(subject).number for subject in subjects], index=list(subjects))
    parts = [_fields_at(path, fields.at_visit(visit), list(group.index)) for visit, group in visits.groupby(visits)]
    return pd.concat(parts).reindex(list(subjects))


def _fields_at(path: Path, fields: Fields, subjects: list[str]) -> pd.DataFrame:
    persons = [visit_of(subject).person for subject in subjects]
    values = pd.DataFrame(read_fields(path, fields, persons), subjects, fields.names)
    for category in fields.categories:
        values[category.name] = values[category.name].map(dict(enumerate(map(str, category.classes))))
    if fields.days:
        days = pd.DataFrame(read_days(path, fields.days, persons), subjects, [day.name for day in fields.days])
        values = pd.concat([values, days.apply(lambda column: column.dt.strftime("%Y-%m-%d"))], axis=1)
    return values
