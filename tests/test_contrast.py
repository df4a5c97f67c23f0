import pytest
import torch
from torch.nn.functional import cross_entropy

from cmr_ssl.contrast import Pairs, contrast, first_among, mismatch, near_patients, pairs_of, ranks


@pytest.fixture
def pairs():
    generator = torch.Generator().manual_seed(0)
    images, tables = torch.randn(2, 6, 5, generator=generator, dtype=torch.float64)
    return pairs_of(images, tables, torch.ones(6, dtype=torch.bool))


def test_the_loss_is_half_the_cross_entropy_of_either_direction(pairs):
    scale, right = torch.tensor(7.0), torch.arange(6)
    logits = 7 * pairs.images @ pairs.tables.T
    expected = (cross_entropy(logits, right) + cross_entropy(logits.T, right)) / 2
    torch.testing.assert_close(contrast(pairs, pairs, torch.eye(6), scale).mean(), expected)
    torch.testing.assert_close(mismatch(logits).mean(), expected)


def test_subjects_that_do_not_count_change_nothing(pairs):
    scale, whole = torch.tensor(3.0), contrast(pairs, pairs, torch.eye(6), torch.tensor(3.0))
    more = Pairs(*(torch.cat([part, part[:2]]) for part in pairs))
    more.exists[6:] = False
    losses = contrast(more, more, torch.eye(8), scale)
    torch.testing.assert_close(losses[:6], whole)
    assert (losses[6:] == 0).all()


def test_ties_are_no_success():
    assert (ranks(torch.ones(4, 4))["image_to_table"] == 2.5).all()
    assert (ranks(torch.eye(4))["table_to_image"] == 1).all()
    assert (ranks(torch.eye(4).flip(0))["image_to_table"] > 1).all()


def test_the_share_that_comes_first_among_a_few_is_that_of_many_draws():
    rank, among = torch.tensor([1.0, 2.0, 5.0, 60.0, *[7.0] * 36]), 10
    generator = torch.Generator().manual_seed(0)
    drawn = torch.stack([torch.randperm(39, generator=generator)[: among - 1] for _ in range(4000)])
    shares = torch.stack([(drawn >= one - 1).all(dim=1).double().mean() for one in rank[:4]])
    torch.testing.assert_close(first_among(rank, among)[:4], shares, atol=0.03, rtol=0)
    assert first_among(torch.ones(10), 10).tolist() == pytest.approx([1.0] * 10)


def test_only_patients_that_are_almost_the_same_are_near():
    known = torch.tensor([[0.0, 0.0], [0.01, 0.0], [2.0, -2.0], [torch.nan, torch.nan]])
    near = near_patients(known, known, 0.5)
    assert near[0, 1] > 0.49
    assert near[0, 2] < 0.01
    assert (near[3] == 0).all()
