import math

import torch

from cmr_ssl.models.plane_network import SPREAD, over_the_beat


def test_what_stays_is_the_mean_and_what_moves_the_spread_by_hand():
    wave = torch.cos(2 * math.pi * torch.arange(8) / 8)
    cines = torch.stack([torch.full((8,), 0.3), 0.5 + 0.1 * wave])[:, :, None, None].expand(2, 8, 4, 4)
    beat = over_the_beat(cines)
    torch.testing.assert_close(beat[:, 0, 0, 0], torch.tensor([0.3, 0.5]))
    torch.testing.assert_close(beat[:, 1, 0, 0], torch.tensor([0.0, SPREAD * 0.1 / math.sqrt(2)]), atol=1e-3, rtol=0)
