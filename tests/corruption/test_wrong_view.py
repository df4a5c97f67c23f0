import torch

from cmr_ssl.corruption import WrongView
from tests.corruption.flaws import hit, tiny_batch


def test_two_long_axis_planes_are_swapped_and_partners_are_drawn():
    batch = tiny_batch(subjects=64)
    after = hit(WrongView(), batch, [1])
    same = torch.stack([(after[:, 1] == batch.images[:, other]).flatten(1).all(1) for other in range(3)], dim=1)
    assert same.sum(dim=1).tolist() == [1] * 64
    partner = same.long().argmax(dim=1)
    assert set(partner.tolist()) == {0, 2}
    assert 0.15 < (partner == 0).float().mean() < 0.85
    assert torch.equal(after[torch.arange(64), partner], batch.images[:, 1])


def test_neither_the_short_axis_nor_a_view_alone_can_be_swapped():
    batch = tiny_batch()
    assert torch.equal(hit(WrongView(), batch, [3, 4, 5]), batch.images)
    batch.present[:, [0, 2]] = False
    assert torch.equal(hit(WrongView(), batch, [0, 1, 2]), batch.images)
