"""What `qc` and `inspect` found of each subject, from their tables."""

import csv
from collections import defaultdict
from pathlib import Path

Flaws = dict[str, list[tuple[str, str]]]

OTHERS = "name findings.csv of qc as --qc, and inspection.csv of inspect as --inspection"


def read_flaws(qc: Path | None, inspection: Path | None) -> Flaws:
    """Return severity and sentence of every finding, by subject.

    Args:
        qc: `findings.csv` of the command `qc`; None without.
        inspection: `inspection.csv` of the command `inspect`.

    Raises:
        FileNotFoundError: if a table is not there.
        ValueError: if it is another one.
    """
    found: Flaws = defaultdict(list)
    for row in _rows(qc, ("subject", "severity", "message", "view")):
        where = " ".join(part for part in (row["view"], row.get("slice", "")) if part)
        found[row["subject"]].append((row["severity"], f"{where}: {row['message']}" if where else row["message"]))
    for row in _rows(inspection, ("subject", "plane", "flaw_score", "suspect", "why")):
        if row["suspect"].lower() == "true":
            score = _score(row, inspection)
            found[row["subject"]].append(("flaw", f"{row['plane']}: {row['why']} (flaw score {score:.1f})"))
    return dict(found)


def _rows(path: Path | None, needed: tuple[str, ...]) -> list[dict[str, str]]:
    """Return the rows of a table as texts, nothing without a path."""
    if path is None:
        return []
    if not path.is_file():
        raise FileNotFoundError(f"there is no table {path}: check its name")
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            rows = [{name: value or "" for name, value in row.items() if name} for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is no table of texts ({error}): {OTHERS}") from error
    lacking = [name for name in needed if name not in (reader.fieldnames or [])]
    if lacking:
        raise ValueError(f"{path} has no column {' and '.join(lacking)}: {OTHERS}")
    return rows


def _score(row: dict[str, str], path: Path | None) -> float:
    try:
        return float(row["flaw_score"])
    except ValueError as error:
        raise ValueError(f"{path}: flaw_score of {row['subject']} is {row['flaw_score']!r}: {OTHERS}") from error
