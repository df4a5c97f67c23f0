"""One table for everything that was measured, for the terminal and as Markdown."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.table import Table

from cmr_ssl.report.tables import markdown


class Row(NamedTuple):
    """One line: what was measured, of the published design and of ours, how they compare, and what was hoped for."""

    what: str
    published: str
    ours: str
    ratio: str = ""
    goal: str = ""


def terminal(rows: Sequence[Row], title: str) -> Table:
    """Return the rows as a table for the terminal."""
    table = Table(title=title)
    for name in Row._fields:
        table.add_column(name, justify="left" if name == "what" else "right")
    for row in rows:
        table.add_row(*row)
    return table


def document(rows: Sequence[Row], title: str, notes: Sequence[str]) -> str:
    """Return the same table as a Markdown document, with `notes` under it."""
    return f"# {title}\n\n{markdown(Row._fields, rows)}\n\n" + "\n".join(f"* {note}" for note in notes) + "\n"
