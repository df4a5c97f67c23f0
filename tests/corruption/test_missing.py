import torch

from cmr_ssl.corruption.missing import close_ranks, rearranged
from tests.tiny import tiny_batch


def test_slices_close_ranks_before_and_behind_views_which_keep_their_slots():
    batch = tiny_batch(slices=4)  # three views, then slices in slots 3 to 6
    assert close_ranks(batch).tolist() == [list(range(7))] * 2
    batch.present[0, [1, 3, 5]] = False
    batch.present[1, 6] = False
    assert close_ranks(batch).tolist() == [[0, 1, 2, 4, 6, 3, 5], list(range(7))]
    batch = rearranged(tiny_batch(slices=3), torch.tensor([[3, 4, 5, 0, 1, 2]]).expand(2, -1))
    batch.present[:, 0] = False
    assert close_ranks(batch).tolist() == [[1, 2, 0, 3, 4, 5]] * 2


def test_everything_of_a_plane_moves_with_it_and_back():
    batch = tiny_batch()
    batch.present[0, 4] = False
    planes = close_ranks(batch)
    moved = rearranged(batch, planes)
    assert torch.equal(moved.images[0, 4], batch.images[0, 5])
    assert torch.equal(moved.affine[0, 4], batch.affine[0, 5])
    assert moved.present[0].tolist() == [True] * 6 + [False]
    assert all(map(torch.equal, rearranged(moved, planes.argsort(dim=1))[:6], batch[:6]))
