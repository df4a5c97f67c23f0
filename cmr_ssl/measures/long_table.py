"""The long table: one line a subject, measure, segment and phase."""

import csv
import io
from collections.abc import Iterable

import numpy as np

from cmr_ssl.measures.value import Value

COLUMNS = ("subject", *Value._fields)


def to_csv(subjects: Iterable[tuple[str, list[Value]]]) -> str:
    """Return the table as text, four decimals, nothing where a value is NaN.

    Args:
        subjects: name and values of each.
    """
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for subject, values in subjects:
        # A folder's name need not be valid text; a table's must.
        name = _text(subject)
        for one in values:
            number = f"{one.value:.4f}" if np.isfinite(one.value) else ""
            writer.writerow([name, *one[:3], number, one.unit, _text(" ".join(one.reason.split()))])
    return stream.getvalue()


def _text(said: str) -> str:
    return said.encode(errors="backslashreplace").decode()
