import pytest
import torch

from cmr_ssl.masking import StackEndDropout
from tests.masking.test_plane_dropout import kept
from tests.tiny import affines

AFFINE = affines(6)  # three long-axis planes, then six slices from base to apex
SUBJECTS = 600


def seen_by(rate=1.0, longest=0.5, visible=48, present=None, affine=AFFINE):
    return kept(StackEndDropout(rate, longest), visible, SUBJECTS, present, affine)


def runs(seen):
    """Return how often each set of slices is missing, as text: "110000" lacks two basal slices."""
    return {"".join("01"[not one] for one in row) for row in seen.tolist()}


def test_runs_of_any_length_up_to_the_longest_go_from_either_end_and_never_from_the_middle():
    seen = seen_by()
    assert seen[:, :3].all()
    assert runs(seen[:, 3:]) == {"100000", "110000", "111000", "000001", "000011", "000111"}
    basal = ~seen[:, 3]
    assert abs(basal.float().mean() - 0.5) < 0.11  # five standard deviations


def test_ends_are_those_of_the_heart_and_not_of_the_slots():
    shuffled = torch.tensor([3, 4, 5, 8, 6, 7, 0, 1, 2])
    seen = seen_by(affine=AFFINE[:, shuffled])[:, shuffled.argsort()]
    assert runs(seen[:, 3:]) == {"100000", "110000", "111000", "000001", "000011", "000111"}


def test_ends_are_those_of_the_slices_that_exist():
    present = torch.ones(SUBJECTS, 9, dtype=torch.bool)
    present[:, [3, 8]] = False
    seen = seen_by(present=present)
    assert runs(seen[:, 4:8]) == {"1000", "1100", "0001", "0011"}


def test_ends_go_at_the_rate():
    assert abs((~seen_by(rate=0.3).all(dim=1)).float().mean() - 0.3) < 0.1
    assert seen_by(rate=0.0, visible=143).all()


def test_enough_planes_stay():
    present = torch.ones(SUBJECTS, 9, dtype=torch.bool)
    present[:, :3] = False
    seen = seen_by(longest=1.0, visible=64, present=present)
    assert set(seen.sum(dim=1).tolist()) == {4, 5}


@pytest.mark.parametrize("numbers", [(-0.1, 0.5), (0.5, 1.5)])
def test_numbers_outside_their_range_are_refused(numbers):
    with pytest.raises(ValueError, match="between 0 and 1"):
        StackEndDropout(*numbers)
