import pytest
import torch

from cmr_ssl.corruption.missing import drop_planes
from cmr_ssl.models import LandmarkPooling, Landmarks
from cmr_ssl.probing import AsShipped, ClassToken, EncodedBatch, RawPixels, Tokens
from tests.tiny import PATCH, tiny_batch, tiny_encoder

LANDMARKS = Landmarks(beats=2)


class Blind(torch.nn.Module):
    """Stands for an encoder that nobody may ask."""

    patch = PATCH


def seen(readout, batch, encoder=None):
    with torch.inference_mode():
        return readout.features(EncodedBatch(encoder or tiny_encoder(), batch))


def test_raw_pixels_ask_no_network_and_a_bright_study_is_told_from_a_dark_one():
    batch = tiny_batch()
    told = seen(RawPixels(LANDMARKS, PATCH), batch, Blind())
    assert told.shape == (2, LANDMARKS.count * 4 * 8 * 8)
    darker = batch._replace(images=batch.images / 2)
    torch.testing.assert_close(seen(RawPixels(LANDMARKS, PATCH), darker, Blind()), told / 2)


def test_raw_pixels_are_the_same_however_the_beat_is_cut():
    batch = tiny_batch()
    halves = seen(RawPixels(LANDMARKS, (4, 8, 8)), batch).unflatten(1, (-1, 2, 4, 64))
    quarters = seen(RawPixels(Landmarks(beats=4), (2, 8, 8)), batch).unflatten(1, (-1, 4, 2, 64))
    torch.testing.assert_close(halves.flatten(1), quarters.flatten(1))


def test_what_is_shipped_is_what_landmark_pooling_gives_and_tokens_are_a_part_of_it():
    encoder, batch = tiny_encoder(), tiny_batch()
    shown = EncodedBatch(encoder, batch)
    with torch.inference_mode():
        shipped = AsShipped(LANDMARKS).features(shown)
        pooled = LandmarkPooling(encoder, beats=2)(shown.encoded)
        tokens = Tokens(LANDMARKS).features(shown)
    torch.testing.assert_close(shipped, pooled)
    torch.testing.assert_close(shipped.unflatten(1, (-1, 2, 32))[:, :, 0].flatten(1), tokens)


@pytest.mark.parametrize("readout", [RawPixels(LANDMARKS, PATCH), Tokens(LANDMARKS), ClassToken()])
def test_planes_that_are_missing_have_no_say(readout):
    batch = tiny_batch()
    gone = torch.zeros_like(batch.present)
    gone[:, 1] = True
    depleted = drop_planes(batch, gone)
    other = depleted._replace(images=torch.where(gone[..., None, None, None], 0.7, depleted.images))
    torch.testing.assert_close(seen(readout, other), seen(readout, depleted))
    assert not torch.allclose(seen(readout, depleted), seen(readout, batch))
