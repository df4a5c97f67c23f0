from cmr_ssl.pages.render import DASH, embedded, number


def test_numbers_have_three_digits_a_wide_minus_or_a_dash():
    assert [number(value) for value in (123.4, 12.34, 1.234)] == ["123", "12.3", "1.23"]
    assert [number(-1.5, 1), number(float("nan"), 2)] == ["\N{MINUS SIGN}1.5", DASH]


def test_a_picture_is_its_own_address():
    assert embedded(b"GIF", "image/gif") == "data:image/gif;base64,R0lG"
