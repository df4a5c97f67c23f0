"""What somebody sees of a joined cohort: how many subjects each split has, and what is missing."""

from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from cmr_ssl.cohort.splits import SPLITS


def print_summary(joined: pd.DataFrame, names: list[str], out: Path) -> None:
    """Print who is in which split, and of how many each phenotype is known."""
    console = Console()
    usable = joined[joined["status"] != "rejected"]
    console.print(who(joined, usable))
    if names:
        console.print(known(usable, names))
    console.print(f"The table: {out}", markup=False, highlight=False, soft_wrap=True)


def who(joined: pd.DataFrame, usable: pd.DataFrame) -> Table:
    """Return a line for each split and one for all."""
    table = Table("", "subjects", "rejected", "usable", "persons", "without a row", box=None)
    for split in (*SPLITS, "all"):
        here, left = (rows if split == "all" else rows[rows["split"] == split] for rows in (joined, usable))
        counts = (len(here), len(here) - len(left), len(left), left["person"].nunique(), (~left["in_table"]).sum())
        table.add_row(split, *map(str, counts))
    return table


def known(usable: pd.DataFrame, names: list[str]) -> Table:
    """Return a line for each phenotype: known of how many usable subjects, missing of how many, and its middle."""
    table = Table("phenotype", "known", "missing", "missing %", "5 %", "median", "95 %", box=None)
    for name in names:
        values = usable[name].dropna()
        missing = len(usable) - len(values)
        share = 100 * missing / max(1, len(usable))
        middle = [f"{value:.4g}" for value in values.quantile([0.05, 0.5, 0.95])]
        table.add_row(name, str(len(values)), str(missing), f"{share:.1f}", *middle)
    return table
