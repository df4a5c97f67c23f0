"""Findings of `qc` and `inspect` by subject, from their tables."""

from collections import defaultdict
from pathlib import Path

from cmr_ssl.pages.text_tables import Rows, read_rows

Flaws = dict[str, list[tuple[str, str]]]

ADVICE = "name findings.csv of qc as --qc, and inspection.csv of inspect as --inspection"


def read_flaws(qc: Path | None, inspection: Path | None) -> Flaws:
    """Return severity and sentence of every finding, by subject.

    Args:
        qc: `findings.csv` of the command `qc`, or None.
        inspection: `inspection.csv` of the command `inspect`, or None.

    Raises:
        FileNotFoundError: if a table does not exist.
        ValueError: if it is another one.
    """
    flaws: Flaws = defaultdict(list)
    for row in _rows(qc, ("subject", "severity", "message", "view")):
        place = " ".join(part for part in (row["view"], row.get("slice", "")) if part)
        flaws[row["subject"]].append((row["severity"], f"{place}: {row['message']}" if place else row["message"]))
    for row in _rows(inspection, ("subject", "plane", "flaw_score", "suspect", "why")):
        if row["suspect"].lower() == "true":
            score = _score(row, inspection)
            flaws[row["subject"]].append(("flaw", f"{row['plane']}: {row['why']} (flaw score {score:.1f})"))
    return dict(flaws)


def _rows(path: Path | None, needed: tuple[str, ...]) -> Rows:
    """Return the rows of a table; none without a path."""
    if path is None:
        return []
    if not path.is_file():
        raise FileNotFoundError(f"there is no table {path}: check its name")
    return read_rows(path, needed, ADVICE)[1]


def _score(row: dict[str, str], path: Path | None) -> float:
    try:
        return float(row["flaw_score"])
    except ValueError as error:
        raise ValueError(f"{path}: flaw_score of {row['subject']} is {row['flaw_score']!r}: {ADVICE}") from error
