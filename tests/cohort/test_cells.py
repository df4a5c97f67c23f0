import logging

import numpy as np
import pandas as pd
import pytest

from cmr_ssl.cohort.cells import read_names, read_numbers

NAN = np.nan
PEOPLE = [f"90000000{k}" for k in range(1, 8)]


def read(*cells, name="LVEF (%)", **others):
    columns = {name: list(cells), **others}
    table = pd.DataFrame(columns, index=PEOPLE[: len(cells)], dtype=object)
    return read_numbers(table, "t.csv")[name].tolist()


@pytest.mark.parametrize("code", ["-1", "-3", "-9", "-99", "-999", "999", "9999", "888", "-1.0", "\u22121", "\u20133"])
@pytest.mark.parametrize("name", ["LVEF (%)", "lvef", "24103-2.0", "LV ejection fraction | Instance 2"])
def test_codes_are_unknown_under_every_name_of_a_phenotype_and_are_said(caplog, name, code):
    np.testing.assert_array_equal(read("60", code, "55", name=name), [60, NAN, 55])
    assert f"column {name!r} of t.csv: 1 cells" in caplog.text
    assert "of subject 900000002, are codes for no answer" in caplog.text


@pytest.mark.parametrize(
    ("name", "value"),
    [("LVEDV (mL)", "0"), ("LVEF (%)", "120"), ("Heart rate (bpm)", "63644"), ("Age", "-61.5"), ("RVEF (%)", "0.6")],
)
def test_what_nobody_can_have_is_unknown_and_said(caplog, name, value):
    np.testing.assert_array_equal(read("62", "65", value, name=name), [62, 65, NAN])
    assert f"such as '{value}' of subject 900000003, are none that {name} can have" in caplog.text


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("LVEF (%)", ["0.61", "0.55", "60"]),
        ("LVEDV (mL)", ["0.145", "0.15", "0.16"]),
        ("Height (cm)", ["1.75", "1.60", ""]),
        ("Age", ["1955", "1960", "-1"]),
    ],
)
def test_a_column_in_another_unit_is_refused(name, cells):
    with pytest.raises(ValueError, match=f"subject {PEOPLE[0]}: check its unit") as told:
        read(*cells, name=name)
    assert f"column {name!r} of t.csv holds" in str(told.value)


def test_sex_is_0_or_1_or_words_and_nothing_else(caplog):
    np.testing.assert_array_equal(read("0", "1", "Female", "male", "F", "m", "-3", name="Sex"), [0, 1, 0, 1, 0, 1, NAN])
    with pytest.raises(ValueError, match="'2' of subject 900000002: 0 is female and 1 male"):
        read("1", "2", "1", "1", name="Sex")


@pytest.mark.parametrize(
    ("name", "cells", "values"),
    [
        ("LVEF (%)", ["61,5 %", "55%", "48,25"], [61.5, 55, 48.25]),
        ("LVEDV (mL)", ["145 mL", "150ml", "160"], [145, 150, 160]),
        ("Strain (%)", ["-18.5%", "-20 %", "-19"], [-18.5, -20, -19]),
        ("LVCO (L/min)", ["5,123", "4,890", "6,001"], [5.123, 4.89, 6.001]),
        ("Steps", ["1,234.0", "12,345", "999"], [1234, 12345, 999]),
        ("LVM (g)", ["102\u00a0g", "\u2009110", "99"], [102, 110, 99]),
    ],
)
def test_units_and_separators_are_read(name, cells, values):
    assert read(*cells, name=name) == values


@pytest.mark.parametrize(
    ("name", "cells", "message"),
    [
        ("LVEDV (mL)", ["145", "0.15 L"], r"'0.15 L' \(subject 900000002\), .* no numbers of a known unit \('L'\)"),
        ("Score", ["61%", "0.6"], r"holds '61%' \(subject 900000001\)"),
        ("Score", ["1,234", "2,345"], r"\(subject 900000001\) holds '1,234', which may be 1234 or 1.234"),
        ("LVEF (%)", ["61.5", "<50"], "holds '<50'"),
    ],
)
def test_cells_that_may_mean_anything_are_named(name, cells, message):
    with pytest.raises(ValueError, match=message):
        read(*cells, name=name)


@pytest.mark.parametrize("mark", ["#N/A", "#NV", "#DIV/0!", "#VALUE!", "#REF!"])
def test_errors_of_spreadsheets_are_unknown_and_said(caplog, mark):
    np.testing.assert_array_equal(read("60", mark), [60, NAN])
    assert f"such as {mark!r} of subject 900000002, are errors of a spreadsheet" in caplog.text
    assert read_names(pd.Series(["dcm", mark], PEOPLE[:2], name="Diagnosis"), "t.csv").isna().tolist() == [False, True]


def test_sound_numbers_are_read_in_silence_and_decimal_commas_are_said(caplog):
    with caplog.at_level(logging.DEBUG):
        assert read("60", "61.5", "48.123") == [60, 61.5, 48.123]
    assert not caplog.text
    assert read("61,5", "48,9") == [61.5, 48.9]
    assert "2 cells, such as '61,5' of subject 900000001, have decimal commas" in caplog.text


def test_of_columns_nobody_knows_only_what_is_far_off_is_a_code(caplog):
    np.testing.assert_array_equal(read("1", "3", "9", "-999", "7", name="Score"), [1, 3, 9, NAN, 7])
    assert "'-999' of subject 900000004, are codes" in caplog.text
    caplog.clear()
    assert read("-1", "-3", "-2.5", "2", name="Change") == [-1, -3, -2.5, 2]
    assert not caplog.text


def test_classes_of_a_phenotype_have_no_codes_and_no_decimal_commas():
    named = read_names(pd.Series(["0", "1", "-3"], PEOPLE[:3], name="Sex"), "t.csv")
    assert named.dropna().tolist() == ["0", "1"]
    with pytest.raises(ValueError, match="numbers such as 61,5 of subject 900000002, not classes"):
        read_names(pd.Series(["60", "61,5"], PEOPLE[:2], name="LVEF"), "t.csv")
