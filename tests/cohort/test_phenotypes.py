import logging

import numpy as np
import pandas as pd
import pytest

from cmr_ssl.cohort.phenotypes import check_known, check_targets, read_classes, read_phenotypes

IDS = ["900000001", "900000002", "900000003"]
NAN = np.nan


def written(folder, columns, name="table.csv", **options):
    """Write a table in the format its name tells and return the path."""
    path, table = folder / name, pd.DataFrame(columns)
    if name.endswith(".parquet"):
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False, **{"sep": "\t" if ".tsv" in name else ","} | options)
    return path


def texts(folder, *cells, name="Age"):
    """Write a table whose cells are these texts and return the path."""
    path = folder / "table.csv"
    path.write_text("\n".join([f"eid,{name}", *(f"{one},{cell}" for one, cell in zip(IDS, cells, strict=False))]))
    return path


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz", "t.tsv.gz", "t.txt", "t.parquet"])
def test_rows_follow_the_subjects_and_columns_the_targets_in_every_format(tmp_path, name):
    rows = {"LVM (g)": [103.5, 102, 101, 109], "eid": [*map(int, IDS[::-1]), 900000009], "Age": [63, 62, None, 69]}
    values = read_phenotypes(written(tmp_path, rows, name), ["Age", "lvm"], IDS)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, [[NAN, 101], [62, 102], [63, 103.5]])


@pytest.mark.parametrize(
    "options", [{"sep": ";"}, {"encoding": "utf-8-sig"}, {"quoting": 1}, {"lineterminator": "\r\n"}]
)
def test_tables_of_spreadsheets_are_read(tmp_path, options):
    path = written(tmp_path, {"eid": IDS, "Note": ["a, b", "two\nlines", ""], "Age": [61, 62, 63]}, **options)
    np.testing.assert_array_equal(read_phenotypes(path, ["Age"], IDS), [[61], [62], [63]])


@pytest.mark.parametrize("column", ["eid", "EID", "f.eid", "participant.eid", "subject", "id", " eid", None])
@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_ids_are_found_under_every_usual_name_or_as_an_index(tmp_path, name, column):
    table = pd.DataFrame({"Age": [61, 62, 63]} | ({column: IDS} if column else {}), index=None if column else IDS)
    table.to_csv(tmp_path / "t.csv", index=column is None)
    table.to_parquet(tmp_path / "t.parquet", index=column is None)
    np.testing.assert_array_equal(read_phenotypes(tmp_path / name, ["Age"], IDS[::-1]), [[63], [62], [61]])


@pytest.mark.parametrize("name", ["t.csv", "t.parquet"])
def test_ids_that_were_taken_for_numbers_are_the_same_ids_and_two_names_of_a_column_give_it_twice(tmp_path, name):
    path = written(tmp_path, {"eid": [*map(float, IDS), None], "Age": [61, 62, 63, 64]}, name)
    np.testing.assert_array_equal(read_phenotypes(path, ["age", "Age"], IDS), [[61, 61], [62, 62], [63, 63]])


def test_subjects_without_a_row_stay_and_are_counted(tmp_path, caplog):
    path = written(tmp_path, {"eid": IDS[1:], "Age": [62, 63]})
    with caplog.at_level(logging.WARNING):
        values = read_phenotypes(path, ["Age"], ["900000777", *IDS])
    np.testing.assert_array_equal(values, [[NAN], [NAN], [62], [63]])
    assert f"2 of 4 subjects have no row in {path}" in caplog.text


@pytest.mark.parametrize("mark", ["", "NA", "NaN", "n/a", " . ", "None", "null", "unknown", "inf", "-"])
def test_marks_of_missing_values_are_unknown(tmp_path, mark):
    np.testing.assert_array_equal(read_phenotypes(texts(tmp_path, "61.5", mark), ["Age"], IDS[:2]), [[61.5], [NAN]])


def test_codes_for_no_answer_are_unknown_in_fields_of_uk_biobank_only(tmp_path):
    path = written(tmp_path, {"eid": IDS, "p845_i2": [-1, -3, -2], "Change": [-1, -3, -2]})
    np.testing.assert_array_equal(read_phenotypes(path, ["845", "Change"], IDS), [[NAN, -1], [NAN, -3], [-2, -2]])
    assert read_classes(path, "p845_i2", IDS)[1] == ["-2"]
    assert len(read_classes(path, "Change", IDS)[1]) == 3


def test_strange_cells_of_others_do_no_harm_nor_does_a_row_written_twice_but_two_values_are_refused(tmp_path):
    path = texts(tmp_path, "61", "62", "see letter")
    np.testing.assert_array_equal(read_phenotypes(path, ["Age"], IDS[:2]), [[61], [62]])
    path = tmp_path / "t.csv"
    path.write_text(f"eid,Age\n{IDS[0]},61\n{IDS[1]},62\n{IDS[0]},61.0\n{IDS[1]},62\n")
    np.testing.assert_array_equal(read_phenotypes(path, ["Age"], IDS[:2]), [[61], [62]])
    path.write_text(f"eid,Age\n{IDS[0]},61\n{IDS[1]},62\n{IDS[1]},63\n")
    with pytest.raises(ValueError, match=f"rows of subject {IDS[1]} with different values: keep one row"):
        read_phenotypes(path, ["Age"], IDS)


def test_texts_are_no_numbers_and_are_quoted(tmp_path):
    message = f"column 'Age' of .*table.csv holds 'dcm', 'hcm' .*{IDS[0]}.* no numbers: .*Classification"
    with pytest.raises(ValueError, match=message):
        read_phenotypes(texts(tmp_path, "dcm", "hcm"), ["Age"], IDS[:2])


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz", "t.parquet"])
@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "is empty"),
        (b"\xff\xfe\x00eid", "is text in UTF-16"),
        (b"PK\x03\x04\xff\x00", "is an Excel workbook or a zip"),
        (b"sep=;\neid;LVEF (%)\n1;50\n", "is .*a remark to Excel"),
        (b"eid,Age\n1,2,3\n", ""),
    ],
)
def test_what_is_no_table_is_named_with_the_remedy(tmp_path, name, content, what):
    path = tmp_path / name
    path.write_bytes(content)
    told = f"{what}.*: save the table as" if what and name == "t.csv" else "cannot be read|has no column of|is .*: save"
    with pytest.raises(ValueError, match=f"{path} ({told})"):
        read_phenotypes(path, ["Age"], IDS)


def test_a_table_that_is_not_there_or_without_ids_or_without_the_cohort_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"no table of phenotypes at {tmp_path / 't.csv'}: name a CSV"):
        read_phenotypes(tmp_path / "t.csv", ["Age"], IDS)
    with pytest.raises(ValueError, match=r"no column of subject ids: call it eid; the first columns are name, Age"):
        read_phenotypes(written(tmp_path, {"name": IDS, "Age": [61, 62, 63]}), ["Age"], IDS)
    path = written(tmp_path, {"eid": IDS, "Age": [61, 62, 63]})
    with pytest.raises(ValueError, match=r"none of the 2 subjects .* as 'sub-7', column 'eid' such as '900000001'"):
        read_phenotypes(path, ["Age"], ["sub-7", "sub-8"])
    with pytest.raises(ValueError, match=r"no column of the table holds 'Agee': the nearest are 'Age'"):
        read_phenotypes(path, ["Agee"], IDS)


def test_classes_are_numbered_in_the_order_of_their_names(tmp_path):
    labels, names = read_classes(texts(tmp_path, "hcm", "None", "dcm"), "Age", [*IDS[::-1], "900000009"])
    assert names == ["None", "dcm", "hcm"]  # no disease is a class, too
    assert labels.dtype == np.int64
    assert labels.tolist() == [1, 0, 2, -1]


@pytest.mark.parametrize("cells", [("10", "9", "NA"), ("10.0", "9.0", "")])
def test_classes_may_be_whole_numbers_in_the_order_of_their_values(tmp_path, cells):
    labels, names = read_classes(texts(tmp_path, *cells), "Age", IDS)
    assert names == ["9", "10"]
    assert labels.tolist() == [1, 0, -1]


def test_a_column_of_measurements_is_no_column_of_classes(tmp_path):
    with pytest.raises(ValueError, match=f"column 'Age' of .* such as 61.5 of subject {IDS[1]}, not classes: .*Regr"):
        read_classes(texts(tmp_path, "61", "61.5", "62"), "Age", IDS)


@pytest.mark.parametrize("column", [[1, 2, NAN], [-1e6, 1e6, 0], [0.25, 0.5, 0.5]])
def test_targets_that_vary_can_be_learnt(column):
    check_targets(np.array([[50, 60, 70], column], np.float32).T, ["LVEF (%)", "Other"])


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ([NAN, NAN, NAN], "Other is known of 0 of 3 training subjects"),
        ([NAN, 5, NAN], "Other is known of 1 of 3 training subjects"),
        ([5, NAN, 5], "Other is 5 in every training subject"),
        ([1, 2, -2e6], r"Other is -2e\+06 in a training subject"),
    ],
)
def test_targets_that_cannot_be_learnt_are_named(column, message):
    with pytest.raises(ValueError, match=message):
        check_targets(np.array([[50, 60, 70], column], np.float32).T, ["LVEF (%)", "Other"])


def test_a_split_of_which_nothing_is_known_is_named_and_else_it_is_counted(caplog):
    phenotypes = pd.DataFrame({"LVM (g)": [1, NAN], "Age": [NAN, NAN]})
    with caplog.at_level(logging.INFO):
        check_known(phenotypes[["LVM (g)"]], "val")
    assert "known of 2 val subjects: 1 LVM (g)" in caplog.text
    with pytest.raises(ValueError, match="Age is known of none of the 2 val subjects"):
        check_known(phenotypes, "val")
