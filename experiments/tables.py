"""Tables of what was measured: written once, and their cells."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from cmr_ssl.report.tables import write_csv


def write_once(path: Path, make: Callable[[], pd.DataFrame]) -> None:
    """Make a table and write it; what is there stays."""
    if not path.exists():
        write_csv(path, make())


def with_interval(estimate: Sequence[float], form: str = "{:.2f}") -> str:
    """Return a value with its interval, of (value, low, high)."""
    value, low, high = (form.format(one) for one in estimate)
    return f"{value} ({low} to {high})"


def print_table(title: str, numbers: pd.DataFrame, form: str = "{:.2f}") -> None:
    """Print numbers, whose index is the first column, under `title`; whole ones as they are."""
    table = Table(title, *numbers.columns)
    for name, row in numbers.astype(object).iterrows():
        table.add_row(str(name), *(str(one) if isinstance(one, int) else form.format(one) for one in row))
    Console().print(table)
