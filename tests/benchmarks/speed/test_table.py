from io import StringIO

from benchmarks.step import Cost, memory_row, speed_row
from benchmarks.table import document, terminal
from rich.console import Console

THEIRS, OURS = Cost(seconds=24.0, memory=6_000_000_000, batch=1), Cost(seconds=8.0, memory=2_400_000_000, batch=2)


def test_ratios_are_those_of_one_subject():
    assert speed_row(THEIRS, OURS)[1:4] == ("24.00", "4.00", "6.0 x faster")
    assert memory_row(THEIRS, OURS)[1:4] == ("6.00", "2.40", "0.40")


def test_terminal_and_document_show_every_cell():
    rows = [speed_row(THEIRS, OURS), memory_row(THEIRS, OURS)]
    console = Console(width=200, file=StringIO())
    console.print(terminal(rows, "Title"))
    written = document(rows, "Title", ["CPU: one"])
    for text in (console.file.getvalue(), written):
        assert all(cell in text for row in rows for cell in row)
    lines = written.splitlines()
    assert lines[0] == "# Title"
    assert lines[-1] == "* CPU: one"
    assert {line.count("|") for line in lines if "|" in line} == {6}
