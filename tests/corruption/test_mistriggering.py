import pytest
import torch

from cmr_ssl.corruption import Mistriggering
from tests.corruption.flaws import hit, tiny_batch


@pytest.mark.parametrize(("how", "frames"), [((0.0, 0.9, 0.0), 2), ((1.0, 0.9, 0.0), 4), ((0.0, 0.1, 0.0), -2)])
def test_the_frames_of_a_plane_are_rolled_and_none_is_lost(how, frames):
    batch = tiny_batch()  # of eight frames
    after = hit(Mistriggering(least=0.25, most=0.5), batch, [5], how)
    assert torch.equal(after[:, 5], batch.images[:, 5].roll(frames, dims=1))
