import pytest

from cmr_ssl.pages.render import DASH, embedded, number


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (123.4, None, "123"),
        (12.34, None, "12.3"),
        (1.234, None, "1.23"),
        (-1.5, 1, "\N{MINUS SIGN}1.5"),
        (float("nan"), 2, DASH),
    ],
)
def test_numbers_have_three_digits_a_wide_minus_or_a_dash(value, digits, text):
    assert number(value, digits) == text


def test_a_picture_is_its_own_address():
    assert embedded(b"GIF", "image/gif") == "data:image/gif;base64,R0lG"
