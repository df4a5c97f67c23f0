import pytest
import torch

from cmr_ssl.corruption import Noise
from tests.corruption.flaws import hit, tiny_batch


def added(how):
    batch = tiny_batch()
    grey = batch._replace(images=torch.full_like(batch.images, 0.5))
    return hit(Noise(least=0.02, most=0.1), grey, [0, 3], how)[:, [0, 3]] - 0.5


def test_noise_has_the_deviation_no_mean_and_frames_and_rows_have_their_own():
    noise = added((0.5, 0.3, 0.0))
    assert noise.std(dim=(2, 3, 4)).sub(0.06).abs().max() < 0.005
    assert noise.mean(dim=(2, 3, 4)).abs().max() < 0.008
    noise = added((0.5, 0.3, 0.0))[0, 0]
    together = torch.corrcoef(noise.flatten(1)) - torch.eye(len(noise))
    assert together.abs().max() < 0.25
    rows = torch.corrcoef(noise.flatten(0, 1)) - torch.eye(noise.shape[0] * noise.shape[1])
    assert rows.abs().mean() < 0.25


@pytest.mark.parametrize("draw", [0.3001, 0.9999])
def test_planes_enter_the_field_at_places_of_their_own(draw):
    first, second = added((0.5, 0.3, 0.0))[0, 0], added((0.5, draw, 0.0))[0, 0]
    assert torch.corrcoef(torch.stack([first.flatten(), second.flatten()]))[0, 1].abs() < 0.15
