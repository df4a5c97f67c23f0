from functools import partial

import pytest
import torch

from cmr_ssl.masking import PlaneDropout, RandomMasking
from cmr_ssl.models import CrossAttentionDecoder
from experiments.robustness.two_views import TwoViews, apart
from tests.tiny import tiny_batch, tiny_encoder


def two_views(weight):
    torch.manual_seed(0)
    decoder = partial(CrossAttentionDecoder, width=32, depth=1, heads=2)
    return TwoViews(tiny_encoder(), decoder, [RandomMasking(), PlaneDropout(0.5)], weight=weight)


def loss(task, batch):
    task.log = lambda *arguments, **options: None
    return task.training_step(batch, 0)


def test_the_same_embeddings_are_not_apart_and_opposite_ones_are_far():
    vectors = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    assert apart(vectors, vectors + 5).item() == pytest.approx(0)
    assert apart(vectors, -vectors).item() == pytest.approx(2)


def test_what_all_studies_have_in_common_counts_for_nothing():
    vectors = torch.randn(6, 9, generator=torch.Generator().manual_seed(0))
    assert apart(vectors + 100, vectors.flip(0) + 100).item() == pytest.approx(
        apart(vectors, vectors.flip(0)).item(), abs=1e-3
    )


def test_the_weight_adds_how_far_the_views_are_apart():
    batch = tiny_batch()
    alone, half, whole = (loss(two_views(weight), batch).item() for weight in (0.0, 0.5, 1.0))
    assert alone < half < whole
    assert whole - alone == pytest.approx(2 * (half - alone), rel=1e-3)


def test_the_views_hide_other_tokens_and_both_teach():
    task, batch = two_views(0.0), tiny_batch()
    one, other = (task.mask(batch, task.seeds_of(batch, view)).visible for view in range(2))
    assert not torch.equal(one, other)
    views = [
        task.losses(task.complete(batch, task.mask(batch, task.seeds_of(batch, view)))).mean() for view in range(2)
    ]
    assert loss(task, batch).item() == pytest.approx(torch.stack(views).mean().item(), rel=1e-5)


def test_pulling_teaches_the_encoder():
    pulled = two_views(1.0)
    loss(pulled, tiny_batch()).backward()
    alone = two_views(0.0)
    loss(alone, tiny_batch()).backward()
    assert not torch.allclose(pulled.encoder.embed.weight.grad, alone.encoder.embed.weight.grad)
