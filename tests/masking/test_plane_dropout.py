import pytest
import torch

from cmr_ssl.masking import PlaneDropout, RandomMasking, draw_noise, mask
from cmr_ssl.metrics import visible_planes
from cmr_ssl.models.tokens import Grid
from tests.tiny import affines

AFFINE = affines(5)  # three long-axis planes, then five slices


def kept(rule, visible, subjects=2000, present=None, affine=AFFINE):
    """Return which planes have a visible token, (B, P), of 16 a plane, after a rule that drops planes."""
    grid = Grid(affine.shape[1], 1, 4, 4)
    present = torch.ones(subjects, grid.planes, dtype=torch.bool) if present is None else present
    rules, noise = [RandomMasking(), rule], draw_noise(2, grid, range(subjects))
    return visible_planes(mask(rules, noise, present, affine.expand(subjects, -1, -1, -1), visible).visible, grid)


@pytest.mark.parametrize("rate", [0.1, 0.3, 0.5])
def test_planes_are_dropped_at_the_rate_and_equally_often(rate):
    share = 1 - kept(PlaneDropout(rate), visible=32).float().mean(dim=0)  # so many that no plane goes unseen by chance
    assert share.sub(rate).abs().max() < 0.055  # five standard deviations
    assert kept(PlaneDropout(0.0), visible=64, subjects=50).all()


@pytest.mark.parametrize(("visible", "planes"), [(1, 1), (16, 1), (17, 2), (80, 5)])
def test_enough_planes_stay_whatever_the_rate(visible, planes):
    assert kept(PlaneDropout(1.0), visible, subjects=50).sum(dim=1).tolist() == [planes] * 50


def test_planes_that_stay_are_present_and_chosen_at_random():
    present = torch.zeros(400, 8, dtype=torch.bool)
    present[:, [1, 4, 6, 7]] = True
    stay = kept(PlaneDropout(1.0), 16, 400, present).sum(dim=0)
    assert not stay[[0, 2, 3, 5]].any()
    assert stay[[1, 4, 6, 7]].min() > 50


@pytest.mark.parametrize("rate", [-0.1, 1.1])
def test_a_rate_outside_its_range_is_refused(rate):
    with pytest.raises(ValueError, match=f"between 0 and 1, got {rate}"):
        PlaneDropout(rate)
