import pytest

from cmr_ssl.pages.text_tables import read_rows


def test_cells_stay_texts_and_a_short_row_has_empty_ones(tmp_path):
    (tmp_path / "t.csv").write_text("subject,value,problem\n0017,1.50\n")
    assert read_rows(tmp_path / "t.csv", ("subject",), "") == (
        ["subject", "value", "problem"],
        [{"subject": "0017", "value": "1.50", "problem": ""}],
    )


@pytest.mark.parametrize(("text", "why"), [(b"\xff\xfe", "no table"), (b"subject\n1\n", "no column value")])
def test_what_is_no_such_table_is_refused_with_what_to_do(tmp_path, text, why):
    (tmp_path / "t.csv").write_bytes(text)
    with pytest.raises(ValueError, match=f"{why}.*: write it again"):
        read_rows(tmp_path / "t.csv", ("value",), "write it again")
