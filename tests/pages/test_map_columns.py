import numpy as np
import pandas as pd
import pytest

from cmr_ssl.pages.map_columns import COLOURS, MOST_COLUMNS, OTHER, CategoryColumn, NumberColumn, read_map_columns

IDS = [str(900000001 + row) for row in range(200)]


def read(tmp_path, names=None, ids=IDS, **columns):
    path = tmp_path / "table.csv"
    pd.DataFrame({"eid": ids} | columns).to_csv(path, index=False)
    return read_map_columns(path, IDS, names)


def test_numbers_are_numbers_and_texts_and_few_whole_numbers_are_categories(tmp_path):
    numbers = np.linspace(0, 100, 200).round(2).tolist()
    made = read(tmp_path, width=[*numbers[:-1], ""], grade=["10", "9"] * 100, site=["<b>", "NA"] * 100)
    value, grade, site = made.columns
    assert isinstance(value, NumberColumn)
    assert np.isnan(value.values[-1])
    assert (value.low, value.high) == pytest.approx((2, 98), abs=1)
    assert isinstance(grade, CategoryColumn)
    assert (grade.names, grade.counts, grade.codes[:2].tolist()) == (["9", "10"], [100, 100], [1, 0])
    assert isinstance(site, CategoryColumn)
    assert (site.names, site.codes[:2].tolist()) == (["<b>"], [0, -1])
    assert made.left_out == []


def test_the_rarest_of_many_categories_share_a_colour(tmp_path):
    (column,) = read(tmp_path, site=[f"s{row % 30 if row < 180 else 0}" for row in range(200)]).columns
    assert column.colours[0] == COLOURS[0]
    assert sum(colour != OTHER for colour in column.colours) == len(COLOURS)
    assert len({*column.colours}) == len(COLOURS) + 1


def test_columns_that_nobody_can_see_are_left_out_with_a_sentence(tmp_path):
    made = read(tmp_path, free=[f"text {row}" for row in range(200)], nothing="", constant=5)
    assert [column.name for column in made.columns] == ["constant"]
    assert "'free' has 200 different texts, such as 'text 0'" in made.left_out[0]
    assert made.left_out[1] == "'nothing' is known of nobody"
    assert made.columns[0].low == made.columns[0].high == 5


def test_a_page_holds_some_columns_and_says_how_to_get_others(tmp_path):
    columns = {f"c{number}": np.arange(200) / 7 for number in range(MOST_COLUMNS + 3)}
    made = read(tmp_path, **columns)
    assert len(made.columns) == MOST_COLUMNS
    assert "3 more columns, from c60 on" in made.left_out[0]
    assert [column.name for column in read(tmp_path, ["c62"], **columns).columns] == ["c62"]
    with pytest.raises(ValueError, match="no column 'c99'"):
        read(tmp_path, ["c99"], **columns)


def test_subjects_without_a_row_are_unknown_and_rows_of_others_are_not_read(tmp_path):
    made = read(tmp_path, ids=[*IDS[:50], *(f"A{row}" for row in range(150))], value=np.arange(200) / 7)
    assert made.found == 50
    assert np.isfinite(made.columns[0].values).sum() == 50
    with pytest.raises(ValueError, match="none of the 200 subjects"):
        read(tmp_path, ids=[f"A{row}" for row in range(200)], value=1)


def test_the_embeddings_themselves_may_be_the_table_and_their_vectors_are_left_out(tmp_path):
    path = tmp_path / "table.parquet"
    pd.DataFrame({"subject": IDS, "mean": [[1.0, 2.0]] * 200, "findings": ["", "moved"] * 100}).to_parquet(path)
    made = read_map_columns(path, IDS, None)
    assert made.left_out == ["'mean' holds lists"]
    assert [column.name for column in made.columns] == ["findings"]
