import numpy as np
import pytest
import torch

from cmr_ssl.corruption import WrapAround
from tests.corruption.flaws import hit, tiny_batch


@pytest.mark.parametrize(
    ("draw", "near", "far"),
    [
        (0.1, np.s_[:, -4:], np.s_[:, :4]),
        (0.3, np.s_[-4:], np.s_[:4]),
        (0.6, np.s_[:, :4], np.s_[:, -4:]),
        (0.9, np.s_[:4], np.s_[-4:]),
    ],
    ids=["right", "bottom", "left", "top"],
)
def test_one_edge_is_folded_over_the_other(draw, near, far):
    batch = tiny_batch()
    after = hit(WrapAround(least=0.25, most=0.25), batch, [2], (0.5, draw, 0.0))[:, 2]
    for before, now in zip(batch.images[:, 2].flatten(0, 1), after.flatten(0, 1), strict=True):
        folded = before.clone()
        folded[near] += before[far]
        torch.testing.assert_close(now, folded.clamp(0, 1), atol=1e-4, rtol=0)
