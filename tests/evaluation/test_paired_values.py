import numpy as np
import pandas as pd
import pytest

from cmr_ssl.evaluation.paired_values import read_pairs

FEW = "subject,LVEF (%),status\n1001,60,accepted\n1002,55,accepted\n1003,50,accepted\n"


def tables(folder, first=FEW, second="eid;ef\n1003;51\n1001;58\n1002;56\n"):
    (folder / "p.csv").write_text(first)
    (folder / "t.csv").write_text(second)
    return folder / "p.csv", folder / "t.csv"


def why(pairs):
    return {(item.subject, item.where): item.why for item in pairs.set_aside}


def test_columns_that_mean_the_same_are_paired_by_subject_whatever_separator_order_and_spelling(tmp_path):
    pairs = read_pairs(*tables(tmp_path, second="eid;24103-2.0;Age\n1003;51,5;60\n1001;58;61\n1002;56;62\n"))
    assert list(pairs.first) == ["LVEF (%)"]
    assert pairs.first["LVEF (%)"].to_dict() == {"1001": 60, "1002": 55, "1003": 50}
    assert pairs.second["LVEF (%)"].to_dict() == {"1001": 58, "1002": 56, "1003": 51.5}
    assert pairs.set_aside == []


def test_columns_of_other_names_are_paired_as_the_user_says_and_a_missing_one_is_an_error(tmp_path):
    paths = tables(tmp_path)
    assert read_pairs(*paths, {"LVEF (%)": "ef"}).second["LVEF (%)"]["1003"] == 51
    with pytest.raises(ValueError, match="share no column: name the columns to compare, as in --columns"):
        read_pairs(*paths)
    with pytest.raises(ValueError, match="no column of the table holds 'EF2'"):
        read_pairs(*paths, {"LVEF (%)": "EF2"})


def test_subjects_missing_on_a_side_doubled_or_without_a_value_are_set_aside_and_named(tmp_path):
    first = "subject,LVEF (%),problem\n1,60,\n2,55,\n2,54,\n3,50,\n3,50,\n4,,torn\n5,49,\n7,48,\n7,47,\n"
    second = "eid,LVEF (%)\n1,58\n2,56\n3,51\n4,52\n6,53\n7,50\n"
    pairs = read_pairs(*tables(tmp_path, first, second))
    assert list(pairs.first.index) == ["1", "3", "4"]
    assert why(pairs) == {
        ("2", ""): "p.csv has 2 rows of it that differ: keep one",
        ("7", ""): "p.csv has 2 rows of it that differ: keep one",
        ("5", ""): "t.csv has no row of it",
        ("", ""): "1 subjects of t.csv have no row in p.csv: 6",
        ("4", ""): "torn",
    }


def test_a_column_of_words_is_left_out_unless_it_was_asked_for(tmp_path):
    first = "subject,LVEF (%),Pathology\n1,60,sick\n2,55,well\n"
    second = "eid,LVEF (%),Pathology\n1,58,sick\n2,56,well\n"
    pairs = read_pairs(*tables(tmp_path, first, second))
    assert list(pairs.first) == ["LVEF (%)"]
    assert why(pairs)["", "Pathology"].startswith("the column is left out: ")
    with pytest.raises(ValueError, match="Pathology"):
        read_pairs(*tables(tmp_path, first, second), {"Pathology": "Pathology"})
    with pytest.raises(ValueError, match="share no column of numbers: "):
        read_pairs(*tables(tmp_path, "subject,Pathology\n1,sick\n", "eid,Pathology\n1,sick\n"))


def test_a_word_among_numbers_and_a_half_width_below_zero_are_unknown_of_that_subject(tmp_path):
    first = 'subject,LVEF (%),"LVEF (%), 90 % within"\n1,sixty,3\n2,55,-3\n3,50,n/a\n'
    pairs = read_pairs(*tables(tmp_path, first, "eid,LVEF (%)\n1,58\n2,56\n3,51\n"))
    np.testing.assert_equal(pairs.first["LVEF (%)"].to_numpy(), [np.nan, 55, 50])
    np.testing.assert_equal(pairs.within["LVEF (%)"].to_numpy(), [3, np.nan, np.nan])
    assert why(pairs)["2", "LVEF (%)"] == "its half width is below 0 and counts as unknown"
    assert why(pairs)["1", "LVEF (%)"] == "holds 'sixty', no number"


def test_tables_without_rows_of_other_people_or_with_ids_that_lost_digits_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"p\.csv has no row of a subject"):
        read_pairs(*tables(tmp_path, "subject,LVEF (%)\n", FEW))
    with pytest.raises(ValueError, match=r"share no subject: the ids of the one are such as '1001', .* such as 'A1'"):
        read_pairs(*tables(tmp_path, second="eid,LVEF (%)\nA1,50\n"))
    pd.DataFrame({"eid": np.float32([1001, 1002]), "LVEF (%)": 50.0}).to_parquet(tmp_path / "f.parquet")
    with pytest.raises(ValueError, match="holds ids as float, which loses digits"):
        read_pairs(tmp_path / "f.parquet", tables(tmp_path)[0])


def test_half_widths_are_read_beside_their_column_confidence_is_no_phenotype_and_parquet_is_a_table_too(tmp_path):
    pd.DataFrame({"eid": [1, 2], "LVEF (%)": [50.0, 60.0], "confidence LV": 0.9}).to_parquet(tmp_path / "t.parquet")
    header = 'subject\tLVEF (%)\tconfidence LV\t"LVEF (%), 90 % within"\n'
    (tmp_path / "p.tsv").write_text(header + "1\t51\t0.9\t3\n2\t61\t0.8\t\n")
    pairs = read_pairs(tmp_path / "p.tsv", tmp_path / "t.parquet")
    assert list(pairs.first) == list(pairs.within) == ["LVEF (%)"]
    np.testing.assert_equal(pairs.within["LVEF (%)"].to_numpy(), [3, np.nan])
