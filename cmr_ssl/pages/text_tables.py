"""Tables of the commands, read as texts."""

import csv
from pathlib import Path

Rows = list[dict[str, str]]


def read_rows(path: Path, needed: tuple[str, ...], advice: str) -> tuple[list[str], Rows]:
    """Return names of columns, and cells by column of each row, empty where a row is too short.

    Raises:
        ValueError: if it is no table or lacks a needed column; the sentence ends with `advice`.
    """
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            reader = csv.DictReader(lines)
            rows = [{name: value or "" for name, value in row.items() if name} for row in reader]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} is no table of texts ({error}): {advice}") from error
    names = list(reader.fieldnames or [])
    if missing := [name for name in needed if name not in names]:
        raise ValueError(f"{path} has no column {' and '.join(missing)}: {advice}")
    return names, rows
