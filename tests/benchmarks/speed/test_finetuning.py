import pytest
import torch
from benchmarks.finetuning import speed_row, tokens
from benchmarks.published import FlattenedTokens
from benchmarks.step import Cost
from benchmarks.training import CONFIG, build

from cmr_ssl.models.encoder import Encoded
from tests.tiny import tiny_encoder


def test_the_published_head_has_the_published_number_of_weights_and_ours_hardly_any():
    encoder = tiny_encoder()
    encoder.width = 1025
    with torch.device("meta"):
        head = FlattenedTokens(encoder, tokens(9))
    assert sum(one.numel() for one in head.parameters()) == pytest.approx(302e6, rel=2e-3)


def test_the_published_head_knows_tokens_by_their_number():
    head = FlattenedTokens(tiny_encoder(), 6)
    said = torch.randn(2, 6, 32)
    one, other = (head(Encoded(said[:, 0], tokens, tokens), None, None) for tokens in (said, said.flip(1)))
    assert one.shape == (2, 128)
    assert not torch.allclose(one, other)


def test_fine_tuning_sees_as_many_values_as_there_are_targets():
    data = build(2, 3, CONFIG.with_name("smoke.yaml")).datamodule
    data.setup("fit")
    assert data.use_targets(["a", "b"]).shape[1] == 2
    batch = next(iter(data.train_dataloader()))
    assert batch.images.shape[:3] == (3, 2, 50)
    assert batch.phenotypes.shape == (3, 2)


def test_speeds_count_subjects():
    row = speed_row("x", Cost(8.0, 0, 2), Cost(1.0, 0, 2))
    assert (row.published, row.ours, row.ratio) == ("4.00", "0.50", "8.0 x faster")
