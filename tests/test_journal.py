import json

import pytest

from cmr_ssl.journal import RECORDS, Journal, Record, done, read_records, to_line
from cmr_ssl.study import Finding

ONE = Record("a", "repaired", "new", "f1", [Finding("x", "repaired", "sa", "mended"), Finding("y", "noted", "", "ü")])
TWO = Record("b ü\udcff", "accepted", "new", "f2", planes=12, beat_ms=960.5, cine=True)


def write(cache, *lines):
    (cache / RECORDS).write_text("".join(lines))


def test_records_come_back_as_written_and_without_a_journal_there_are_none(tmp_path):
    assert list(read_records(tmp_path, "new")) == []
    write(tmp_path, to_line(ONE), to_line(TWO))
    assert list(read_records(tmp_path, "new")) == [ONE, TWO]


def test_what_a_run_remembers_counts_each_kind_of_finding_once():
    twice = Record("a", "repaired", "new", "f1", [*ONE.findings, *ONE.findings])
    assert done(twice) == ("f1", "repaired", ("repaired: x", "noted: y"))


@pytest.mark.parametrize("length", [1, 20, -2])
def test_a_torn_last_line_is_ignored_and_does_not_spoil_what_is_appended(tmp_path, length):
    write(tmp_path, to_line(ONE), to_line(TWO)[:length])
    assert list(read_records(tmp_path, "new")) == [ONE]
    Journal(tmp_path / RECORDS, "new").open()
    with (tmp_path / RECORDS).open("a") as journal:
        journal.write(to_line(TWO))
    assert list(read_records(tmp_path, "new")) == [ONE, TWO]


def test_records_of_other_settings_are_left_out_whatever_their_fields(tmp_path):
    write(tmp_path, json.dumps({"settings": "old", "fields": "of another version"}) + "\n", to_line(ONE))
    assert list(read_records(tmp_path, "new")) == [ONE]


def test_tidying_keeps_the_latest_record_of_a_subject(tmp_path):
    later = Record("a", "rejected", "new", "f3")
    write(tmp_path, to_line(ONE), to_line(TWO), to_line(later))
    latest = {"a": ("f3", "rejected", ()), TWO.subject: ("f2", "accepted", ())}
    assert Journal(tmp_path / RECORDS, "new").open() == latest
    assert sorted(read_records(tmp_path, "new"), key=lambda record: record.subject) == [later, TWO]
