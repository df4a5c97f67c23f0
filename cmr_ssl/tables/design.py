"""Fields of a table as the columns of a linear model."""

import numpy as np

from cmr_ssl.tables.field_reader import Values
from cmr_ssl.tables.fields import Fields


def design_names(fields: Fields) -> list[str]:
    """Return what the columns of `design_matrix` are called."""
    coded = [f"{one.name}: {code}" for one in fields.categories for code in one.classes[1:]]
    return [*(one.name for one in (*fields.numbers, *fields.yes_no)), *coded]


def design_matrix(fields: Fields, values: Values) -> Values:
    """Return values (N, F) as columns (N, C): each class of a category but the first by itself; unknown stays NaN."""
    simple = len(fields.numbers) + len(fields.yes_no)
    parts = [values[:, :simple]]
    for column, one in zip(values[:, simple:].T, fields.categories, strict=True):
        codes = (column[:, None] == np.arange(1, len(one.classes))).astype(np.float32)
        parts.append(np.where(np.isnan(column)[:, None], np.nan, codes).astype(np.float32))
    return np.concatenate(parts, axis=1)
