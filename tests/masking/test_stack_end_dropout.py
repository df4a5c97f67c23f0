import pytest
import torch

from cmr_ssl.masking import RandomMasking, StackEndDropout, draw_noise, mask
from cmr_ssl.metrics import visible_planes
from cmr_ssl.models.tokens import Grid
from tests.tiny import affines

GRID = Grid(9, 1, 4, 4)
AFFINE = affines(6)  # three long-axis planes, then six slices from base to apex
SUBJECTS = 600


def kept(rate=1.0, longest=0.5, visible=48, present=None, affine=AFFINE):
    """Return which planes have a visible token, (B, P)."""
    present = torch.ones(SUBJECTS, 9, dtype=torch.bool) if present is None else present
    rules, noise = [RandomMasking(), StackEndDropout(rate, longest)], draw_noise(2, GRID, range(SUBJECTS))
    return visible_planes(mask(rules, noise, present, affine.expand(SUBJECTS, -1, -1, -1), visible).visible, GRID)


def runs(seen):
    """Return how often each set of slices is missing, as text: "110000" lacks two basal slices."""
    return {"".join("01"[not one] for one in row) for row in seen.tolist()}


def test_runs_of_any_length_up_to_the_longest_go_from_either_end_and_never_from_the_middle():
    seen = kept()
    assert seen[:, :3].all()
    assert runs(seen[:, 3:]) == {"100000", "110000", "111000", "000001", "000011", "000111"}
    basal = ~seen[:, 3]
    assert abs(basal.float().mean() - 0.5) < 0.11  # five standard deviations


def test_ends_are_those_of_the_heart_and_not_of_the_slots():
    shuffled = torch.tensor([3, 4, 5, 8, 6, 7, 0, 1, 2])
    seen = kept(affine=AFFINE[:, shuffled])
    order = shuffled.argsort()
    assert runs(seen[:, order][:, 3:]) == {"100000", "110000", "111000", "000001", "000011", "000111"}


def test_ends_are_those_of_the_slices_that_exist():
    present = torch.ones(SUBJECTS, 9, dtype=torch.bool)
    present[:, [3, 8]] = False
    seen = kept(present=present)
    assert runs(seen[:, 4:8]) == {"1000", "1100", "0001", "0011"}


def test_ends_go_at_the_rate():
    assert abs((~kept(rate=0.3).all(dim=1)).float().mean() - 0.3) < 0.1
    assert kept(rate=0.0, visible=143).all()


def test_enough_planes_stay():
    present = torch.ones(SUBJECTS, 9, dtype=torch.bool)
    present[:, :3] = False
    seen = kept(longest=1.0, visible=64, present=present)
    assert set(seen.sum(dim=1).tolist()) == {4, 5}


@pytest.mark.parametrize("numbers", [(-0.1, 0.5), (0.5, 1.5)])
def test_numbers_outside_their_range_are_refused(numbers):
    with pytest.raises(ValueError, match="between 0 and 1"):
        StackEndDropout(*numbers)
