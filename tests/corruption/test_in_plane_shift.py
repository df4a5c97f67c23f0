import pytest
import torch

from cmr_ssl.corruption import InPlaneShift
from tests.caches import SPACING_MM
from tests.corruption.flaws import blob, hit, middle, tiny_batch


@pytest.mark.parametrize(
    ("turn", "way"), [(0.0, (1, 0)), (0.25, (0, 1)), (0.5, (-1, 0)), (0.125, (0.5**0.5, 0.5**0.5))]
)
def test_pixels_move_by_the_millimetres_and_the_affine_does_not(turn, way):
    batch = blob(tiny_batch(), at=(7.0, 7.0))
    affine = batch.affine.clone()
    after = hit(InPlaneShift(least_mm=6, most_mm=14), batch, [0, 4], (0.5, turn, 0.0))
    moved = (middle(after[:, [0, 4]]) - middle(batch.images[:, [0, 4]])) * SPACING_MM
    wanted = 10 * torch.tensor(way)
    torch.testing.assert_close(moved, wanted.expand_as(moved).float(), atol=0.3, rtol=0)
    assert torch.equal(batch.affine, affine)
