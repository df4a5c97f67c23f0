import pytest
import torch

from cmr_ssl.corruption.missing import drop_planes
from cmr_ssl.models import CrossAttentionDecoder, SelfAttentionDecoder
from cmr_ssl.models.completion import CELLS, HEIGHTS_MM, Completion
from cmr_ssl.models.tokens import coordinates
from cmr_ssl.tasks.whole_heart import fixed_planes
from tests.tiny import tiny_batch, tiny_encoder

DECODERS = [CrossAttentionDecoder, SelfAttentionDecoder]


def encoded(encoder, batch):
    return encoder.encode_planes(batch.images, batch.affine, batch.present)


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return tiny_encoder()


@pytest.mark.parametrize("kind", DECODERS)
def test_planes_that_are_absent_say_nothing_whatever_room_they_take(encoder, kind):
    decoder, completion, batch = kind(encoder, 32, 1, 2), Completion(), tiny_batch()
    gone = torch.zeros_like(batch.present)
    gone[0, 2:4] = True
    left = drop_planes(batch, gone)
    noise = left._replace(images=torch.where(left.present[..., None, None, None], left.images, 0.7))
    told = completion(decoder, encoded(encoder, left))
    assert told.shape == (2, completion.width(decoder))
    torch.testing.assert_close(completion(decoder, encoded(encoder, noise)), told)
    alone = encoded(encoder, left).study(0)
    torch.testing.assert_close(completion(decoder, alone), told[:1], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(completion(decoder, alone, all_exist=True), told[:1], rtol=1e-4, atol=1e-5)
    assert not torch.allclose(completion(decoder, encoded(encoder, batch))[0], told[0])


def test_places_are_the_same_in_every_heart_with_patches_of_its_own_size(encoder):
    batch = tiny_batch()
    batch.affine[1, :, :3, :2] *= 2  # pixels twice as large
    places = Completion().places(encoded(encoder, batch))
    frames = encoded(encoder, batch).grid.frames
    assert places.centre.shape == (2, len(HEIGHTS_MM) * CELLS**2 * frames, 3)
    torch.testing.assert_close(places.centre[0], places.centre[1])
    torch.testing.assert_close(2 * places.edges[0], places.edges[1])
    planes, grid = fixed_planes(batch.affine[0], encoded(encoder, batch).grid, encoder.patch)
    torch.testing.assert_close(places.edges[0, 0], coordinates(planes[None], grid, encoder.patch).edges[0, 0])
    assert {*places.phase[0].tolist()} == {(frame + 0.5) / frames for frame in range(frames)}


def test_nothing_learns_through_what_the_decoder_says(encoder):
    told = Completion()(CrossAttentionDecoder(encoder, 32, 1, 2), encoded(encoder, tiny_batch()))
    assert not told.requires_grad
