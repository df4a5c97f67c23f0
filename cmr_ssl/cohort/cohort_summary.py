"""Print the summary of a joined cohort: subjects of each split, and missing phenotypes."""

from pathlib import Path

import pandas as pd
from rich.console import Console
from rich.table import Table

from cmr_ssl.cohort.splits import SPLITS


def print_summary(joined: pd.DataFrame, names: list[str], out: Path) -> None:
    """Print the number of subjects in each split, and with each phenotype."""
    console = Console()
    usable = joined[joined["status"] != "rejected"]
    console.print(split_counts(joined, usable))
    if names:
        console.print(phenotype_counts(usable, names))
    console.print(f"The table: {out}", markup=False, highlight=False, soft_wrap=True)


def split_counts(joined: pd.DataFrame, usable: pd.DataFrame) -> Table:
    """Return a line for each split and one for all."""
    table = Table("", "subjects", "rejected", "usable", "persons", "without a row", box=None)
    for split in (*SPLITS, "all"):
        rows, kept = (frame if split == "all" else frame[frame["split"] == split] for frame in (joined, usable))
        counts = (len(rows), len(rows) - len(kept), len(kept), kept["person"].nunique(), (~kept["in_table"]).sum())
        table.add_row(split, *map(str, counts))
    return table


def phenotype_counts(usable: pd.DataFrame, names: list[str]) -> Table:
    """Return a line for each phenotype: how many usable subjects have it and lack it, and its quantiles."""
    table = Table("phenotype", "known", "missing", "missing %", "5 %", "median", "95 %", box=None)
    for name in names:
        values = usable[name].dropna()
        missing = len(usable) - len(values)
        share = 100 * missing / max(1, len(usable))
        quantiles = [f"{value:.4g}" for value in values.quantile([0.05, 0.5, 0.95])]
        table.add_row(name, str(len(values)), str(missing), f"{share:.1f}", *quantiles)
    return table
