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


def test_the_truth_of_a_wave_is_its_amplitude_seen_from_the_frame():
    time, frame = torch.arange(8), 3
    cine = 0.5 + 0.2 * torch.cos(2 * math.pi * (time - frame) / 8)
    cines = cine[None, :, None, None].expand(1, 8, 16, 16)
    maps = network().truth(cines, torch.tensor([frame]))[0, :, 0, 0]
    torch.testing.assert_close(maps, torch.tensor([0.2, 0.0, 0.0, 0.0]), atol=1e-6, rtol=0)


def test_nobody_tells_it_when_the_other_frames_come():
    cines, frames = torch.rand(2, 8, 16, 16), torch.tensor([1, 6])
    back = cines[:, torch.arange(7, -1, -1)]  # the same beat, run backwards
    seen = network().eval()
    torch.testing.assert_close(seen(cines, frames), seen(back, 7 - frames))
    assert not torch.equal(seen(cines, frames), seen(cines, frames + 1))


def test_errors_count_where_the_weights_are():
    cines, frames, seen = torch.rand(2, 8, 16, 16), torch.tensor([1, 6]), network().eval()
    weights = torch.zeros(2, 16, 16)
    weights[:, 4:8, 4:8] = 2.0
    squared = (seen(cines, frames) - seen.truth(cines, frames)).square()[:, :, 4:8, 4:8].mean(dim=(-2, -1))
    torch.testing.assert_close(seen.errors(cines, frames, weights), squared.sum(dim=1))


def test_planes_that_exist_come_first():
    present = torch.tensor([[True, False, True, False, True]])
    chosen = drawn(present, torch.tensor([[0.1, 0.9, 0.2, 0.8, 0.3]]), 3)
    assert sorted(chosen[0].tolist()) == [0, 2, 4]


def test_numbers_below_one_are_refused():
    with pytest.raises(ValueError, match="harmonics 0"):
        network(harmonics=0)
