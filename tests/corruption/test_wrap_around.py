import pytest
import torch

from cmr_ssl.corruption import WrapAround
from tests.corruption.flaws import hit, tiny_batch


def fold(image, width, side):
    """Return an image (16, 16) onto which `width` pixels of the other edge are folded, as slices say."""
    folded = image.clone()
    if side == "right":
        folded[:, -width:] += image[:, :width]
    elif side == "bottom":
        folded[-width:] += image[:width]
    elif side == "left":
        folded[:, :width] += image[:, -width:]
    else:
        folded[:width] += image[-width:]
    return folded.clamp(0, 1)


@pytest.mark.parametrize(("draw", "side"), [(0.1, "right"), (0.3, "bottom"), (0.6, "left"), (0.9, "top")])
def test_one_edge_is_folded_over_the_other(draw, side):
    batch = tiny_batch()
    after = hit(WrapAround(least=0.25, most=0.25), batch, [2], (0.5, draw, 0.0))[:, 2]
    for before, now in zip(batch.images[:, 2].flatten(0, 1), after.flatten(0, 1), strict=True):
        torch.testing.assert_close(now, fold(before, 4, side), atol=1e-4, rtol=0)
