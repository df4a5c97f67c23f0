"""Tables of results: as CSV, as Markdown, and a summary on the screen."""

import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from cmr_ssl.agreement import Estimate
from cmr_ssl.files import write_atomically

FOLDER = "test"  # in the run folder


def as_row(name: str, measured: dict[str, Estimate]) -> dict[str, object]:
    """Return a table's row: each estimate with its interval."""
    row: dict[str, object] = {"target": name}
    for metric, estimate in measured.items():
        row[metric] = estimate.value
        if metric != "N":
            row |= {f"{metric} 2.5 %": estimate.low, f"{metric} 97.5 %": estimate.high}
    return row


def print_table(rows: list[dict[str, object]], folder: Path) -> None:
    """Print a summary of `as_row` tables and the path of all files."""
    table = Table("", "MAE", "95 % interval", "bias", "Pearson", "N", title="Agreement with the truth")
    for row in rows:
        interval = f"{row['MAE 2.5 %']:.3g} to {row['MAE 97.5 %']:.3g}"
        numbers = (f"{row['MAE']:.3g}", interval, f"{row['bias']:+.3g}", f"{row['Pearson']:.2f}", f"{row['N']:.0f}")
        table.add_row(str(row["target"]), *numbers)
    Console().print(table)
    print_folder(folder)


def print_folder(folder: Path) -> None:
    """Print the paths of a run's tables and pictures."""
    print(f"Tables: {folder / FOLDER}")
    if (folder / "figures").is_dir():
        print(f"Pictures: {folder / 'figures'}")


def file_name(name: str) -> str:
    """Return a file name of a phenotype, without its unit."""
    return re.sub(r"[^A-Za-z0-9]+", "_", re.sub(r"\(.*\)", "", name)).strip("_")


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a table, atomically."""
    write_atomically(path, lambda stream: table.to_csv(stream, index=False, float_format="%.5g"))


def markdown(titles: Iterable[object], rows: Iterable[Iterable[object]], texts: int = 1) -> str:
    """Return a Markdown table; the first `texts` columns are aligned as texts, the others as numbers."""
    head = [*titles]
    lines: list[Iterable[object]] = [head, ["---"] * texts + ["---:"] * (len(head) - texts), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)
