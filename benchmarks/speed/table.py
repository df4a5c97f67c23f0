"""One table for everything that was measured, for the terminal and as Markdown."""

from collections.abc import Sequence
from typing import NamedTuple

from rich.table import Table

from cmr_ssl.report.tables import markdown

READ_WITH_CARE = """\
The published design is rebuilt from its description: width 1025, 5 heads, float32, attention weights written out, every
token decoded at full width, loss on all, batch 1, Adam, PSNR on the host in every step. Ours is what
`configs/pretraining.yaml` says, on the same random studies; ratios are of the same run. Memory of training is without
that of the libraries; with fused attention the published design would need less than shown. Every design is measured in
a process of its own.

Fine-tuning: both heads sit on the encoder of `configs/encoders/base.yaml`, with the same data, optimiser and precision.
Ours hides 60 % of the tokens in training, which the published head, knowing tokens by their number, cannot; nearly all
of the gain in time is that, and most of the gain in memory is the head.

A study of `predict` has 14 planes of 50 frames and 208 x 208 pixels; reading, preparing, label maps and pictures are
included. Memory is that of the whole process after the first study, and how much more the second needed.

On a GPU: [gpu.md](gpu.md). Cohorts of a million: [scale.md](scale.md).
"""


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
    """Return the same table as a Markdown document, with what it was measured on above it and how to read it below."""
    about = " ".join(["Written by `make bench`.", *notes])
    return f"# {title}\n\n{about}\n\n{markdown(Row._fields, rows)}\n\n{READ_WITH_CARE}"
