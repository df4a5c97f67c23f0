import pytest

from cmr_ssl.pages.text_tables import read_rows


def test_short_rows_have_empty_cells_and_what_is_no_table_is_named(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("subject,x,y\na,1\nb,2,3,4\n")
    names, rows = read_rows(path, ("subject",), "name another")
    assert names == ["subject", "x", "y"]
    assert rows == [{"subject": "a", "x": "1", "y": ""}, {"subject": "b", "x": "2", "y": "3"}]
    with pytest.raises(ValueError, match=r"t\.csv has no column z and code: name another"):
        read_rows(path, ("z", "subject", "code"), "name another")
    path.write_bytes(b"PAR1\x88\x00")
    with pytest.raises(ValueError, match=r"t\.csv is no table of texts .*: name another"):
        read_rows(path, (), "name another")
