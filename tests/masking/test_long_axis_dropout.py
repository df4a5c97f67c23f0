import pytest
import torch

from cmr_ssl.masking import LongAxisDropout
from tests.masking.test_plane_dropout import kept


@pytest.mark.parametrize("rate", [0.1, 0.5])
def test_the_long_axis_goes_as_a_whole_and_at_the_rate(rate):
    seen = kept(LongAxisDropout(rate), 64, 1000)
    assert set(seen[:, :3].sum(dim=1).tolist()) == {0, 3}
    assert seen[:, 3:].all()
    assert abs((~seen[:, 0]).float().mean() - rate) < 0.08  # five standard deviations


def test_long_axis_planes_stay_where_the_stack_cannot_fill_the_budget_and_rates_have_a_range():
    present = torch.ones(200, 8, dtype=torch.bool)
    present[:, 5:] = False  # two slices are left
    seen = kept(LongAxisDropout(1.0), 48, 200, present)
    assert (seen.sum(dim=1) == 3).all()
    assert seen[:, 3:5].all()
    assert seen[:, :3].sum(dim=0).min() > 30  # any of the three
    with pytest.raises(ValueError, match=r"between 0 and 1, got 2"):
        LongAxisDropout(2)
