import math

import pytest
import torch
from torch.nn.functional import cosine_similarity

from cmr_ssl.models.nearness import Nearness, behind_nowhere, places
from cmr_ssl.models.tokens import Coordinates


def somewhere(count, seed):
    generator = torch.Generator().manual_seed(seed)
    centre = 180 * torch.rand(2, count, 3, generator=generator) - 90
    phase = torch.rand(2, count, generator=generator)
    return Coordinates(centre, torch.zeros(2, count, 6), phase, torch.zeros(2, count, 4), phase > 0)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_products_of_features_are_the_penalty_on_distance_and_beat(dtype):
    asking, asked, nearness = somewhere(5, 0), somewhere(7, 1), Nearness(3)
    query, key = nearness(places(asking), places(asked))
    logits = (query.to(dtype).double() @ key.to(dtype).double().transpose(-1, -2)).float()
    mm = (asking.centre[:, :, None] - asked.centre[:, None]).square().sum(dim=-1)[:, None]
    turn = torch.cos(2 * math.pi * (asking.phase[:, :, None] - asked.phase[:, None]))[:, None]
    reach = torch.tensor([12.0, 12 * math.sqrt(10), 120.0])[:, None, None]
    expected = -mm / (2 * reach**2) + 0.5 * turn
    same = logits - logits.mean(dim=-1, keepdim=True), expected - expected.mean(dim=-1, keepdim=True)
    assert (same[0] - same[1]).abs().max() < 0.03 * expected.abs().max()
    assert cosine_similarity(same[0].flatten(), same[1].flatten(), dim=0) > 0.999


def test_near_counts_more_than_far_the_same_phase_more_than_the_opposite_and_the_class_token_is_near_to_all():
    where = behind_nowhere(places(somewhere(6, 0)))
    query, key = Nearness(2)(where, where)
    logits = query @ key.transpose(-1, -2)
    assert (logits[:, :, 0].abs().max(), logits[:, :, :, 0].abs().max()) == (0, 0)
    assert logits[:, :, 1:, 1:].abs().max() > 1
    centre = torch.tensor([[[0.0, 0, 0], [10, 0, 0], [30, 0, 0], [10, 0, 0]]])
    phase = torch.tensor([[0.0, 0, 0, 0.5]])
    where = places(Coordinates(centre, torch.zeros(1, 4, 6), phase, torch.zeros(1, 4, 4), phase > 1))
    query, key = Nearness(1)(where, where)
    near, far, later = (query @ key.transpose(-1, -2))[0, 0, 0, 1:]
    assert near > later > far
