import torch

from cmr_ssl.probing import EncodedBatch
from tests.tiny import tiny_batch, tiny_encoder


def test_a_batch_is_encoded_once_and_only_if_somebody_asks():
    shown = EncodedBatch(tiny_encoder(), tiny_batch())
    assert not shown.is_encoded
    with torch.inference_mode():
        assert shown.encoded is shown.encoded
    assert shown.is_encoded
