import pyarrow as pa
import pyarrow.parquet as pq

from cmr_ssl.inference.table_parts import PART, TableParts
from cmr_ssl.journal import Record

SCHEMA = pa.schema([("subject", pa.string()), ("values", pa.list_(pa.float32()))])


def rows(*subjects, value=1.0):
    return [{"subject": subject, "values": [value]} for subject in subjects]


def accepted(part, *subjects):
    return [Record(subject, "accepted", rows=[{PART: part}]) for subject in subjects]


def values_of(path):
    table = pq.read_table(path)
    return dict(zip(table["subject"].to_pylist(), [one[0] for one in table["values"].to_pylist()], strict=True))


def test_a_table_takes_the_latest_rows_in_order_and_keeps_those_of_parts_that_are_gone(tmp_path):
    parts = TableParts(tmp_path / "t.parquet", SCHEMA, "settings")
    first = accepted(parts.add(rows("c", "a", "b")), "a", "b", "c")
    assert parts.merge([*first, Record("x", "rejected")]) == 3
    assert [*parts.folder.iterdir()] == []
    again = accepted(parts.add(rows("b", value=2.0)), "b")
    parts.merge([first[0], *again, first[2]])
    assert values_of(parts.out) == {"a": 1.0, "b": 2.0, "c": 1.0}
    assert [*values_of(parts.out)] == ["a", "b", "c"]
    parts.merge([first[0]])
    assert values_of(parts.out) == {"a": 1.0}


def test_a_part_that_another_command_has_not_recorded_yet_stays_until_nobody_else_writes(tmp_path):
    parts = TableParts(tmp_path / "t.parquet", SCHEMA, "settings")
    first = accepted(parts.add(rows("a", "b")), "a", "b")
    written = parts.add(rows("b", value=2.0))
    parts.merge(first)
    assert values_of(parts.out) == {"a": 1.0, "b": 1.0}
    parts.merge([first[0], *accepted(written, "b")])
    assert values_of(parts.out) == {"a": 1.0, "b": 2.0}
    parts.add(rows("c"))
    parts.remove_unnamed(first)
    assert [*parts.folder.iterdir()] == []


def test_the_table_of_other_settings_holds_nothing(tmp_path):
    parts = TableParts(tmp_path / "t.parquet", SCHEMA, "settings")
    assert parts.subjects_in_table() == frozenset()
    parts.merge(accepted(parts.add(rows("a")), "a"))
    assert parts.subjects_in_table() == {"a"}
    assert TableParts(parts.out, SCHEMA, "others").subjects_in_table() == frozenset()
