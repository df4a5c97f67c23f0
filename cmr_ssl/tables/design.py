"""Fields of a table as the columns of a linear model."""

import numpy as np

from cmr_ssl.tables.field_reader import Values
from cmr_ssl.tables.fields import Fields


def design_names(fields: Fields) -> list[str]:
    """Return the names of the columns of `design_matrix`."""
    coded = [f"{category.name}: {code}" for category in fields.categories for code in category.classes[1:]]
    return [*(field.name for field in (*fields.numbers, *fields.yes_no)), *coded]


def design_matrix(fields: Fields, values: Values) -> Values:
    """Return values (N, F) as columns (N, C): one for each class of a category but the first; unknown stays NaN."""
    uncoded = len(fields.numbers) + len(fields.yes_no)
    parts = [values[:, :uncoded]]
    for column, category in zip(values[:, uncoded:].T, fields.categories, strict=True):
        codes = (column[:, None] == np.arange(1, len(category.classes))).astype(np.float32)
        parts.append(np.where(np.isnan(column)[:, None], np.nan, codes).astype(np.float32))
    return np.concatenate(parts, axis=1)
