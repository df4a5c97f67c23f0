from io import StringIO

from rich.console import Console

from benchmarks.speed.table import Row, document, terminal


def test_terminal_and_document_show_every_cell():
    rows = [Row("speed", "24.00", "4.00", "6.0 x faster", ">= 6 x"), Row("memory", "6.00", "2.40", "0.40", "<= 0.5")]
    console = Console(width=200, file=StringIO())
    console.print(terminal(rows, "Title"))
    written = document(rows, "Title", ["CPU: one"])
    for text in (console.file.getvalue(), written):
        assert all(cell in text for row in rows for cell in row)
    lines = written.splitlines()
    assert lines[:3] == ["# Title", "", "Written by `make bench`. CPU: one"]
    assert {line.count("|") for line in lines if "|" in line} == {6}
