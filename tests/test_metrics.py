import numpy as np
import pytest
import torch

from cmr_ssl.metrics import plane_of, psnr, visible_planes, visible_statistics
from cmr_ssl.models.tokens import Grid

GRID = Grid(3, 1, 2, 2)
VISIBLE = torch.tensor([[0, 3, 9]])  # two tokens of plane 0, one of plane 2


@pytest.mark.parametrize(("error", "decibel"), [(1.0, 0.0), (0.1, 10.0), (0.0025, 26.0206), (0.0, 100.0)])
def test_psnr_of_intensities_from_0_to_1(error, decibel):
    assert psnr(torch.tensor(error)).item() == pytest.approx(decibel, abs=1e-4)


def test_tokens_belong_to_their_planes():
    assert plane_of(VISIBLE, GRID).tolist() == [[0, 0, 2]]
    assert visible_planes(VISIBLE, GRID).tolist() == [[True, False, True]]


def test_statistics_are_those_of_the_visible_pixels_of_each_plane_flat_or_not():
    patches = torch.rand(1, 3, 16, generator=torch.Generator().manual_seed(0))
    mean, deviation = visible_statistics(patches, VISIBLE, GRID)
    pixels = patches[0].numpy()
    expected = [pixels[:2], pixels, pixels[2]]  # a plane without visible pixels gets those of the subject
    np.testing.assert_allclose(mean[0], [part.mean() for part in expected], rtol=1e-5)
    np.testing.assert_allclose(deviation[0], [part.std() for part in expected], rtol=1e-4)
    _, deviation = visible_statistics(torch.full((1, 3, 16), 0.7), VISIBLE, GRID)
    torch.testing.assert_close(deviation, torch.zeros(1, 3), atol=1e-3, rtol=0)
