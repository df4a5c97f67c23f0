import math

import pytest
import torch

from cmr_ssl.models.beat import BeatFromFrame, drawn
from tests.tiny import tiny_encoder


def network(**changes):
    torch.manual_seed(0)
    made = BeatFromFrame(tiny_encoder(), **({"channels": 4} | changes))
    torch.nn.init.normal_(made.maps.weight)
    return made


def test_the_truth_of_a_wave_is_its_mean_and_amplitude_seen_from_the_frame():
    time, frame = torch.arange(8), 3
    cine = 0.5 + 0.2 * torch.cos(2 * math.pi * (time - frame) / 8)
    cines = cine[None, :, None, None].expand(1, 8, 16, 16)
    maps = network().truth(cines, torch.tensor([frame]))[0, :, 0, 0]
    torch.testing.assert_close(maps, torch.tensor([0.5, 0.2, 0.0, 0.0, 0.0]), atol=1e-6, rtol=0)


def test_only_the_frame_shown_is_seen():
    cines, frames = torch.rand(2, 8, 16, 16), torch.tensor([1, 6])
    hidden = torch.ones(2, 8, dtype=torch.bool)
    hidden[torch.arange(2), frames] = False
    other = torch.where(hidden[..., None, None], torch.rand(2, 8, 16, 16), cines)
    seen = network().eval()
    assert torch.equal(seen(cines, frames), seen(other, frames))
    assert not torch.equal(seen(cines, frames), seen(cines, frames + 1))


def test_errors_count_where_the_weights_are_and_tell_what_stays_from_what_moves():
    cines, frames, seen = torch.rand(2, 8, 16, 16), torch.tensor([1, 6]), network().eval()
    weights = torch.zeros(2, 16, 16)
    weights[:, 4:8, 4:8] = 2.0
    still, moving = seen.errors(cines, frames, weights)
    squared = (seen(cines, frames) - seen.truth(cines, frames)).square()[:, :, 4:8, 4:8].mean(dim=(-2, -1))
    torch.testing.assert_close(still, squared[:, 0])
    torch.testing.assert_close(moving, squared[:, 1:].sum(dim=1))


def test_planes_that_exist_come_first():
    present = torch.tensor([[True, False, True, False, True]])
    chosen = drawn(present, torch.tensor([[0.1, 0.9, 0.2, 0.8, 0.3]]), 3)
    assert sorted(chosen[0].tolist()) == [0, 2, 4]


def test_numbers_below_one_are_refused():
    with pytest.raises(ValueError, match="harmonics 0"):
        network(harmonics=0)
