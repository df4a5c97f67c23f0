import pytest

from cmr_ssl.pages.gauge import gauge, ordinal
from cmr_ssl.pages.percentiles import Standing


def test_a_value_outside_its_range_is_drawn_outside():
    at = Standing(99.0, 80.0, 100.0, 120.0, 4.0, "")
    inside, outside, far = (gauge(value, at) for value in (100.0, 125.0, 900.0))
    assert not inside.outside
    assert inside.low < inside.value == inside.median < inside.high
    assert outside.outside
    assert outside.value > outside.high
    assert far.value < 120


@pytest.mark.parametrize(
    ("percentile", "text"),
    [(0.2, "below 1st"), (1, "1st"), (2, "2nd"), (11, "11th"), (53, "53rd"), (99, "99th"), (99.6, "above 99th")],
)
def test_percentiles_are_said_as_people_say_them(percentile, text):
    assert ordinal(percentile) == text
