"""One table for everything that was measured, for the terminal and as Markdown."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.table import Table


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


def markdown(rows: Sequence[Row], title: str, notes: Sequence[str]) -> str:
    """Return the same table as a Markdown document, with `notes` under it."""
    lines = [Row._fields, tuple("---" if name == "what" else "---:" for name in Row._fields), *rows]
    body = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return f"# {title}\n\n{body}\n\n" + "\n".join(f"* {note}" for note in notes) + "\n"
