import numpy as np
import pytest

from cmr_ssl.agreement import agreement
from cmr_ssl.pages.distribution import bland_altman, histogram


def test_bars_hold_every_value_of_every_group_once():
    groups = [np.array([1.0, 2.0, np.nan]), np.array([2.0, 9.0, 9.0])]
    made = histogram("LVM", "g", groups)
    unit = min(height for _, _, parts in made.bars for _, height in parts if height)
    assert sum(height for _, _, parts in made.bars for _, height in parts) / unit == pytest.approx(5, abs=0.05)
    assert made.caption.endswith("N 5")
    assert histogram("LVM", "g", [np.array([np.nan])]) is None


def test_differences_lie_above_zero_where_too_much_is_predicted():
    true = np.linspace(50, 150, 40)
    predicted = true + 5 + np.tile([-1.0, 1.0], 20)
    plot = bland_altman("LVEDV", "mL", predicted, true, agreement(predicted, true))
    assert all(y < plot.y(0) for _, y in plot.points)
    bias = next(line for line in plot.lines if line[3])
    assert bias[0] == plot.y(5.0)
    assert len(plot.points) == 40
