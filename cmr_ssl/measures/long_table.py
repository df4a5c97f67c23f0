"""The long table: one line a subject, measure, segment and phase."""

import csv
import io
from collections.abc import Iterable

import numpy as np

from cmr_ssl.measures.value import Value

COLUMNS = ("subject", *Value._fields)


def to_csv(subjects: Iterable[tuple[str, list[Value]]]) -> str:
    """Return the table as text, from names and values of subjects: four decimals, an empty cell for NaN."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for subject, values in subjects:
        for value in values:
            number = f"{value.value:.4f}" if np.isfinite(value.value) else ""
            reason = " ".join(value.reason.split())
            writer.writerow([_valid(subject), *value[:3], number, value.unit, _valid(reason)])
    return stream.getvalue()


def _valid(text: str) -> str:
    """Escape what is not valid Unicode, as names of folders may be."""
    return text.encode(errors="backslashreplace").decode()
