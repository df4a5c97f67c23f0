import pytest
import torch

from cmr_ssl.models.transformer import Attention, CrossBlock, SelfBlock


def noise(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_tokens_that_do_not_exist_are_attended_to_by_nobody_and_the_order_of_others_means_nothing():
    block = SelfBlock(16, 2, 2.0)
    tokens, attend = noise(1, 6, 16), torch.tensor([[True] * 4 + [False] * 2])
    changed = torch.cat([tokens[:, :4], noise(1, 2, 16, seed=1)], dim=1)
    torch.testing.assert_close(block(tokens, attend)[:, :4], block(tokens[:, :4]))
    assert torch.equal(block(tokens, attend)[:, :4], block(changed, attend)[:, :4])
    block, tokens, order = SelfBlock(16, 2, 2.0), noise(1, 6, 16), torch.randperm(6)
    torch.testing.assert_close(block(tokens[:, order]), block(tokens)[:, order])


def test_queries_of_a_cross_block_do_not_see_each_other():
    block, queries, memory = CrossBlock(16, 2, 2.0), noise(1, 5, 16), noise(1, 7, 16, seed=1)
    torch.testing.assert_close(block(queries[:, :1], memory), block(queries, memory)[:, :1])


def test_attention_stays_bounded_however_large_its_weights_and_heads_divide_the_width():
    attention = Attention(32, 2)
    tokens = noise(1, 10, 32)
    with torch.no_grad():
        before = attention(tokens, tokens)
        attention.query.weight.mul_(1e4)
        after = attention(tokens, tokens)
    assert (after - before).abs().max() < 0.5 * before.abs().max()
    with pytest.raises(ValueError, match="3 heads do not divide a width of 32"):
        Attention(32, 3)
