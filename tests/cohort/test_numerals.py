import pytest

from cmr_ssl.cohort.numerals import has_decimal_comma, read_numerals


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["61.5", "1e3", "-2", ".5", "1.234"], [61.5, 1000, -2, 0.5, 1.234]),
        (["61,5", "48,123", "70", "1,2e1"], [61.5, 48.123, 70, 12]),
        (["1,234.5", "1,234", "987"], [1234.5, 1234, 987]),
        (["1.234,5", "1.234", "987"], [1234.5, 1234, 987]),
        (["1 234,5", "0,123"], [1234.5, 0.123]),
        (["1'234'567", "1,234,567"], [1234567, 1234567]),
        (["1.234.567"], [1234567]),
    ],
)
def test_numbers_of_one_column_are_read_in_one_style(texts, values):
    assert [read_numerals(texts)[text] for text in texts] == values


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["61.5", "48,9"], "holds '61.5' beside '48,9': write all with decimal points"),
        (["1,234", "2,345"], "holds '1,234', which may be 1234 or 1.234: write"),
        (["987.5", "1,234"], "holds '1,234', which may be 1234 or 1.234"),
        (["61,5", "1.234"], "holds '1.234', which may be 1.234 or 1234"),
    ],
)
def test_numbers_that_may_be_two_are_refused(texts, message):
    with pytest.raises(ValueError, match=message):
        read_numerals(texts)


def test_what_a_number_can_be_decides_where_nothing_else_does():
    assert read_numerals(["61,234", "48,100"], lambda value: value < 100) == {"61,234": 61.234, "48,100": 48.1}
    assert read_numerals(["1,234"], lambda value: value > 100) == {"1,234": 1234}
    with pytest.raises(ValueError, match="which may be"):
        read_numerals(["1,234"], lambda value: value > 0)


def test_decimal_commas_of_other_columns_make_points_doubtful():
    assert read_numerals(["1.234"]) | read_numerals(["12.34"], commas=True) == {"1.234": 1.234, "12.34": 12.34}
    with pytest.raises(ValueError, match=r"'1\.234', which may be"):
        read_numerals(["1.234"], commas=True)


@pytest.mark.parametrize("text", ["", "dcm", "61%", "1,23,4", "1.2.3", "12,34,567", "1_000", "0x1F", "1 2", "1e400"])
def test_what_is_no_number_is_left_out(text):
    assert read_numerals([text]) == {}
    assert not has_decimal_comma(text)
