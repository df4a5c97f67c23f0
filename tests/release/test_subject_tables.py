import io

import pandas as pd
import pyarrow as pa
import pytest

from cmr_ssl.release.subject_tables import column, delimited, parquet

IDS = [1234567, 2345678, 3456789]


def found(name, cells):
    return [(leak.where, leak.what) for leak in column(name, pa.chunked_array([cells]))]


@pytest.mark.parametrize(
    "cells", [IDS, [float(eid) for eid in IDS], [str(eid) for eid in IDS], [f"{e}.0" for e in IDS]]
)
@pytest.mark.parametrize("name", ["eid", "f.eid", "anything", ""])
def test_a_column_of_ids_is_one_finding(cells, name):
    assert found(name, cells) == [(f"column {name!r}", "3 7-digit participant ids")]


def test_one_id_is_enough_where_the_name_says_so():
    assert found("eid", [1234567, 900000001]) == [("column 'eid'", "1 7-digit participant ids")]
    assert not found("volume", [1234567, 900000001])


@pytest.mark.parametrize(
    "cells", [[900000001, 900000002, 900000003], [1.5, 66.2, None], [1234567.5, 2.0, 3.0], [[1], [2], [3]]]
)
def test_other_columns_may_leave(cells):
    assert not found("eid", cells)


def test_counts_may_have_seven_digits():
    assert not found("step", IDS)
    assert not found("anything", [1234567, 1234567, 1234567])


def test_texts_are_looked_into():
    where = "column 'file'"
    assert found("file", ["a", "reconstruction_1234567.png"]) == [(where, "a 7-digit participant id")]
    assert found("file", ["/home/me/a", "/home/me/a", "b"]) == [(where, "the absolute path '/home/me/a'")]


def test_a_parquet_file_s_own_remarks_are_read_and_one_of_synthetic_subjects_may_leave(tmp_path):
    synthetic = {"subject": ["900000001"], "LVEF (%)": [60.0]}
    remarked = pa.table(synthetic).replace_schema_metadata({"made from": "/home/me/table.csv"})
    indexed = pa.Table.from_pandas(pd.DataFrame(synthetic, index=[1234567]))
    for table, where in (
        (remarked, ["the metadata 'made from'"]),
        (indexed, ["column '__index_level_0__'"]),
        (pa.table(synthetic), []),
    ):
        pa.parquet.write_table(table, tmp_path / "x.parquet")
        with (tmp_path / "x.parquet").open("rb") as stream:
            assert [leak.where for leak in parquet(stream)] == where


def test_delimited_texts_are_read_by_columns_and_those_without_are_refused():
    text = b"eid\tstep\n1234567\t1000001\n1234568\t1000002\n1234569\t1000003\n"
    assert [leak.where for leak in delimited(io.BytesIO(text), "\t")] == ["column 'eid'"]
    with pytest.raises(ValueError, match=r"columns"):
        list(delimited(io.BytesIO(b"a,b\n1,2,3\n"), ","))
