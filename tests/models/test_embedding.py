import torch

from cmr_ssl.models import Landmarks, embed_planes
from tests.tiny import tiny_batch, tiny_encoder, tokens_of


def test_landmarks_are_the_means_around_them_over_the_whole_beat():
    batch = tiny_batch()
    batch.present[0, 2] = False
    encoder, pooling, tokens = tiny_encoder(), Landmarks(beats=1), tokens_of(batch)
    with torch.inference_mode():
        found = embed_planes(encoder, batch.images, batch.affine, batch.present)
        encoded = encoder.encode_planes(batch.images, batch.affine, batch.present)
        wanted = pooling(encoded.tokens, tokens.exists, tokens.where)
    torch.testing.assert_close(found.landmarks, wanted)
    assert found.landmarks.shape == (len(batch.images), len(pooling.spots) * encoder.width)
