import pytest

from cmr_ssl.cli import main


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--out", "map.csv"], "end its name with .html"),
        (["--out", "map.html", "--neighbours", "0"], "--neighbours 0 makes no sense"),
        (["--out", "map.html"], "no embeddings at none.parquet"),
    ],
)
def test_what_makes_no_page_is_one_sentence(options, said, capsys):
    assert main(["explore", "--embeddings", "none.parquet", "--table", "none.csv", *options]) == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
