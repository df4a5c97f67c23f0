"""The table of a robustness benchmark for people, as Markdown."""

from pathlib import Path

import pandas as pd

from cmr_ssl.files import save_text
from cmr_ssl.report.tables import markdown
from cmr_ssl.robustness.scenarios import FLAWED
from cmr_ssl.robustness.scores import essential


def write_summary(path: Path, table: pd.DataFrame, task: str, tested: int, reference: int, seed: int) -> None:
    """Write a row a scenario and a column a measure, after what one must know to read it.

    Args:
        path: file to write.
        table: what `measures.table_of` returned.
        task: name of the task.
        tested: subjects that were tested.
        reference: subjects whose mean is the centre.
        seed: of the planes and flaws.
    """
    notes = (
        f"# Robustness of a {task}\n\n"
        f"{tested} subjects of the test split, seed {seed}. Cosine: of the embedding to that of the full study, as "
        f"seen from the mean of {reference} training subjects. Identity: share of subjects nearest to themselves "
        f"among the {tested} full studies. Planes: mean number that are missing or flawed. In brackets: 95 % bootstrap "
        "interval over subjects.\n"
    )
    text = f"{notes}\n{table_of_scenarios(wide(essential(table)))}"
    save_text(path, text)


def wide(table: pd.DataFrame) -> pd.DataFrame:
    """Return a row a scenario and a column a measure, as text."""
    counted = (table["kind"] == FLAWED) & (table["planes"] > 0)
    intervals = zip(table["value"], table["low"], table["high"], strict=True)
    named = table.assign(
        text=[f"{value:.3g} ({low:.3g} to {high:.3g})" for value, low, high in intervals],
        column=(table["measure"] + " " + table["of"]).str.strip(),
        row=table["scenario"].where(~counted, table["scenario"] + " x " + table["planes"].astype(str)),
    )
    cells = named.pivot(index="row", columns="column", values="text").fillna("")
    cells = cells.loc[named["row"].unique(), named["column"].unique()]
    cells.insert(0, "planes", named.groupby("row")["changed"].first().map("{:.1f}".format))
    return cells


def table_of_scenarios(cells: pd.DataFrame) -> str:
    """Return a table of texts as Markdown, with its index as the first column."""
    return markdown(["scenario", *cells.columns], cells.itertuples(name=None)) + "\n"
