import numpy as np
import pytest

from cmr_ssl.tables import Category, Day, Fields, Number, YesNo
from cmr_ssl.tables.field_reader import UNDATED, check_fields, read_days, read_fields

FIELDS = Fields(
    numbers=[Number("Age", ukb=21003), Number("LDL (mmol/L)", ukb=30780, visit=0)],
    yes_no=[YesNo("Diabetes", ukb=2443, unknown=[-1, -3])],
    categories=[Category("Smoking", ukb=20116, classes=[0, 1, 2], unknown=[-3])],
)
HEADER = "eid,p21003_i2,p30780_i0,2443-2.0,Smoking"
SUBJECTS = ["1000011", "1000012", "1000013"]


def write(path, *rows, header=HEADER):
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def test_values_are_as_described_and_nothing_is_imputed(tmp_path):
    table = write(tmp_path / "t.csv", "1000012,61,,-1,2", "1000011,55.5,3.2,yes,0", "1000019,1,1,1,1")
    values = read_fields(table, FIELDS, SUBJECTS[:2])
    np.testing.assert_array_equal(values, np.array([[55.5, 3.2, 1, 0], [61, np.nan, np.nan, 2]], np.float32))


def test_a_subject_without_a_row_is_unknown_and_said(tmp_path, caplog):
    table = write(tmp_path / "t.csv", "1000011,55,3,0,-3", "1000012,55,3,1,1.0")
    values = read_fields(table, FIELDS, SUBJECTS)
    assert np.isnan(values[2]).all()
    assert np.isnan(values[0, 3])
    assert values[1, 3] == 1
    assert "1 of 3 subjects have no row" in caplog.text


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["1000011,old,3,0,1"], "'old' .*no numbers"),
        (["1000011,55,3,2,1"], "'Diabetes' of .* holds '2' .subject 1000011., which is none of 0, 1"),
        (["1000011,55,3,0,7"], "'Smoking' of .* holds '7' .subject 1000011., which is none of 0, 1, 2"),
        (["9,55,3,0,1"], "none of the 3 subjects of the cohort has a row"),
        (["1000011,55,3,0,1", "1000011,56,3,0,1"], "rows of subject 1000011 with different values"),
    ],
)
def test_what_is_not_as_described_is_one_sentence(tmp_path, rows, message):
    with pytest.raises(ValueError, match=message) as raised:
        read_fields(write(tmp_path / "t.csv", *rows), FIELDS, SUBJECTS)
    assert "\n" not in str(raised.value)


def test_a_field_that_the_table_lacks_is_named_with_its_id(tmp_path):
    table = write(tmp_path / "t.csv", "1000011,55,0,1", header="eid,Age,2443-2.0,Smoking")
    with pytest.raises(ValueError, match=r"field 'LDL \(mmol/L\)' \(UK Biobank's 30780, visit 0\) is in no column"):
        read_fields(table, FIELDS, SUBJECTS)
    table = write(tmp_path / "t.csv", "1000011,55", header="eid,Age")
    with pytest.raises(ValueError, match=r"field 'Waist' in .*: no column of the table holds 'Waist'"):
        read_fields(table, Fields(numbers=[Number("Waist")]), SUBJECTS)


def test_fields_that_tell_nothing_are_refused():
    check_fields(np.array([[1, 0], [2, np.nan], [2, 1]], np.float32), ["a", "b"])
    with pytest.raises(ValueError, match="field 'b' is known of none of 2 training subjects"):
        check_fields(np.array([[1, np.nan], [2, np.nan]], np.float32), ["a", "b"])
    with pytest.raises(ValueError, match="field 'a' is 3 in all 2 training subjects"):
        check_fields(np.array([[3, 1], [3, 2]], np.float32), ["a", "b"])
    with pytest.raises(ValueError, match=r"field 'a' is 3 .*; 'c', 'd' tell nothing either: take"):
        check_fields(np.array([[3, 1, 0, np.nan], [3, 2, 0, np.nan]], np.float32), ["a", "b", "c", "d"])


def test_codes_for_no_answer_are_unknown_however_they_are_written(tmp_path):
    fields = Fields(numbers=[Number("Sleep", unknown=[-3])], categories=[Category("Smoking", classes=[0, 1])])
    table = write(tmp_path / "t.csv", "1000011,-3.0000,0", "1000012,7.5000,1", header="eid,Sleep,Smoking")
    np.testing.assert_array_equal(read_fields(table, fields, SUBJECTS[:2])[:, 0], [np.nan, 7.5])


def test_one_decimal_comma_makes_the_whole_table_one_with_commas(tmp_path):
    """1.234 beside 5,5 may be a thousand and more: that is asked, not guessed."""
    fields = Fields(numbers=[Number("Waist"), Number("Platelets")])
    table = write(tmp_path / "t.csv", "1000011;5,5;1.234", "1000012;6,25;2.345", header="eid;Waist;Platelets")
    with pytest.raises(ValueError, match=r"'Platelets'.* which may be 1\.234 or 1234"):
        read_fields(table, fields, SUBJECTS[:2])


def test_days_are_read_unknown_ones_told_apart_and_what_is_none_is_one_sentence(tmp_path):
    rows = ["1000011,2019-03-09,", "1000012,2019-05-01T10:00:00,1901-01-01", "1000013,,2020-12-31"]
    table = write(tmp_path / "t.csv", *rows, header="eid,53-2.0,p131354")
    days = read_days(table, [Day("Imaging date", ukb=53), Day("Heart failure", ukb=131354)], SUBJECTS)
    expected = [["2019-03-09", "NaT"], ["2019-05-01", str(UNDATED)], ["NaT", "2020-12-31"]]
    np.testing.assert_array_equal(days, np.array(expected, "datetime64[D]"))
    table = write(tmp_path / "t.csv", "1000011,09/03/2019", header="eid,Imaging date")
    with pytest.raises(ValueError, match=r"'09/03/2019' \(subject 1000011\), which is no date such as 2021-03-09"):
        read_days(table, [Day("Imaging date")], SUBJECTS)
