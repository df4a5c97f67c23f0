import torch

from cmr_ssl.models import Landmarks, embed_planes
from tests.tiny import tiny_batch, tiny_encoder, tokens_of


def embedded(batch):
    encoder = tiny_encoder().eval()
    with torch.inference_mode():
        return encoder, embed_planes(encoder, batch.images, batch.affine, batch.present)


def test_landmarks_are_the_means_around_them_over_the_whole_beat():
    batch = tiny_batch()
    batch.present[0, 2] = False
    encoder, found = embedded(batch)
    pooling, tokens = Landmarks(beats=1), tokens_of(batch)
    with torch.inference_mode():
        encoded = encoder.encode_planes(batch.images, batch.affine, batch.present)
        wanted = pooling(encoded.tokens, tokens.exists, tokens.where)
    torch.testing.assert_close(found.landmarks, wanted)
    assert found.landmarks.shape == (len(batch.images), len(pooling.spots) * encoder.width)


def test_what_absent_planes_hold_says_nothing():
    batch = tiny_batch()
    batch.present[:, 1] = False
    other = batch._replace(images=batch.images.clone())
    other.images[:, 1] = 1 - other.images[:, 1]
    (_, one), (_, two) = embedded(batch), embedded(other)
    for name in ("landmarks", "class_token", "mean"):
        torch.testing.assert_close(getattr(one, name), getattr(two, name))
    there = batch.present
    torch.testing.assert_close(one.planes[there], two.planes[there])
