import pytest

from cmr_ssl.pages.axes import axis


@pytest.mark.parametrize(("low", "high"), [(0, 187.3), (-0.4, 0.31), (41, 43), (5, 5), (0, 1e-5)])
def test_ticks_are_few_round_and_within_the_axis(low, high):
    made = axis(low, high, 0, 100)
    assert 2 <= len(made.ticks) <= 7
    assert all(made.low <= tick <= made.high for tick in made.ticks)
    assert all(0 <= place <= 100 for place, _ in made.labels)
    assert all(len(text) < 8 for _, text in made.labels)
