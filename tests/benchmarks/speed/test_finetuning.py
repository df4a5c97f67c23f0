from types import SimpleNamespace

import pytest
import torch

from benchmarks.speed.finetuning import tokens
from benchmarks.speed.published import FlattenedTokens
from benchmarks.speed.training import CONFIG, build
from tests.tiny import tiny_batch, tiny_encoder


def test_the_published_head_has_the_published_number_of_weights_and_ours_hardly_any():
    encoder = tiny_encoder()
    encoder.width = 1025
    with torch.device("meta"):
        head = FlattenedTokens(encoder, tokens(9))
    assert sum(one.numel() for one in head.parameters()) == pytest.approx(302e6, rel=2e-3)


def test_the_published_head_knows_tokens_by_their_number():
    batch = tiny_batch()
    said = tiny_encoder().encode_planes(batch.images, batch.affine, batch.present)
    head = FlattenedTokens(tiny_encoder(), said.tokens.shape[1])
    one, other = (head(said._replace(tokens=tokens)) for tokens in (said.tokens, said.tokens.flip(1)))
    assert one.shape == (2, 128)
    assert not torch.allclose(one, other)


def test_fine_tuning_sees_as_many_values_as_there_are_targets():
    data = build(2, 3, CONFIG.with_name("smoke.yaml")).datamodule
    data.trainer = SimpleNamespace(lightning_module=SimpleNamespace(targets=["a", "b"]))
    data.setup("fit")
    batch = next(iter(data.train_dataloader()))
    assert batch.images.shape[:3] == (3, 2, 50)
    assert batch.phenotypes.shape == (3, 2)
