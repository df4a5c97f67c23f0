from cmr_ssl.dicom.import_tables import FINDINGS, write_tables
from cmr_ssl.journal import Record
from cmr_ssl.study import Finding


def test_tables_are_sorted_and_leave_empty_what_nobody_knows(tmp_path):
    late = Record("b", "rejected", findings=[Finding("torn", "rejected", "sa", "ends, early", 0.25)])
    path = write_tables(tmp_path, {"b": late, "a": Record("a", "accepted", beat_ms=800.0, spacing_mm=1.5)})
    assert path.read_text().splitlines()[1:] == [
        "a,accepted,,0,0,0,800.0,75.0,1.5000,",
        'b,rejected,,0,0,0,,,,"sa: ends, early"',
    ]
    assert (tmp_path / FINDINGS).read_text().splitlines()[1:] == ['b,sa,torn,rejected,0.25,"ends, early"']
