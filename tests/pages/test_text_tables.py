import pytest

from cmr_ssl.pages.text_tables import read_rows


def test_cells_stay_texts_and_short_rows_end_empty(tmp_path):
    (tmp_path / "a.csv").write_text("subject,x\n007,1.0\n8\n")
    assert read_rows(tmp_path / "a.csv", ("subject",), "") == (
        ["subject", "x"],
        [{"subject": "007", "x": "1.0"}, {"subject": "8", "x": ""}],
    )


@pytest.mark.parametrize(("content", "error"), [(b"subject\n", "no column x: try b"), (b"\x88", "no table of texts")])
def test_another_file_is_refused_with_advice(content, error, tmp_path):
    (tmp_path / "a.csv").write_bytes(content)
    with pytest.raises(ValueError, match=error):
        read_rows(tmp_path / "a.csv", ("subject", "x"), "try b")
