import pytest
import torch

from cmr_ssl.masking import PlaneDropout, TubeMasking, draw_noise, mask
from cmr_ssl.models.tokens import Grid
from tests.tiny import affines

GRID = Grid(3, 4, 3, 3)
PRESENT = torch.ones(5, 3, dtype=torch.bool)
AFFINE = affines(3, ()).expand(5, -1, -1, -1)


def seen(rules, visible):
    """Return which tokens are visible, (B, P, t, h, w)."""
    result = mask(rules, draw_noise(len(rules), GRID, range(5)), PRESENT, AFFINE, visible)
    return torch.zeros(5, GRID.tokens, dtype=torch.bool).scatter(1, result.visible, True).unflatten(1, GRID)


@pytest.mark.parametrize("rules", [[TubeMasking()], [TubeMasking(), PlaneDropout(0.5)]])
def test_a_patch_is_visible_over_the_whole_beat_or_not_at_all(rules):
    frames = seen(rules, visible=32).sum(dim=2)
    assert set(frames.unique().tolist()) == {0, 4}


def test_a_budget_between_tubes_splits_one_of_them():
    frames = seen([TubeMasking()], visible=30).sum(dim=2).flatten(1)
    assert [sorted(set(subject.tolist())) for subject in frames] == [[0, 2, 4]] * 5
    assert (frames == 2).sum(dim=1).tolist() == [1] * 5
