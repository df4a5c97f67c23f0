import pytest

from tests.runs import refusal


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"out": "map.csv"}, "end its name with .html"),
        ({"neighbours": 0}, "--neighbours 0 makes no sense"),
        ({}, "no embeddings at none.parquet"),
    ],
)
def test_what_makes_no_page_is_one_sentence(options, said, capsys):
    files = {"embeddings": "none.parquet", "table": "none.csv", "out": "map.html"}
    assert said in refusal(capsys, "explore", **files | options)
