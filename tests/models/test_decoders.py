import pytest
import torch

from cmr_ssl.models import CrossAttentionDecoder, SelfAttentionDecoder
from tests.tiny import tiny_batch, tiny_decoder, tiny_encoder, tokens_of

KINDS = [CrossAttentionDecoder, SelfAttentionDecoder]
VISIBLE, WANTED = torch.arange(20)[None], torch.arange(20, 50)[None]


def decode(kind, wanted=WANTED, batch=None):
    batch = batch or tiny_batch(subjects=1)
    encoder, tokens = tiny_encoder(), tokens_of(batch)
    return tiny_decoder(kind)(encoder).eval()(encoder(tokens.take(VISIBLE)), tokens.where.take(wanted))


@pytest.mark.parametrize("kind", KINDS)
def test_every_wanted_patch_gets_its_pixels(kind):
    predicted = decode(kind)
    assert predicted.shape == (1, 30, 4 * 8 * 8)
    assert predicted.std(dim=1).max() > 1e-3, "patches at different places must not all look alike"


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_come_in_the_order_they_were_asked_for(kind):
    order = torch.arange(29, -1, -1)
    torch.manual_seed(3)
    asked = decode(kind)
    torch.manual_seed(3)
    torch.testing.assert_close(decode(kind, WANTED[:, order]), asked[:, order], atol=1e-5, rtol=1e-4)


def test_a_patch_may_be_asked_for_alone_and_a_plane_that_nobody_acquired_too():
    torch.testing.assert_close(decode(CrossAttentionDecoder, WANTED[:, :1]), decode(CrossAttentionDecoder)[:, :1])
    encoder, acquired, other = tiny_encoder(), tiny_batch(1, slices=4), tiny_batch(1, slices=0, views=("la_3ch",))
    predicted = tiny_decoder()(encoder)(encoder(tokens_of(acquired)), tokens_of(other).where)
    assert predicted.shape == (1, 8, 256)


@pytest.mark.parametrize("kind", KINDS)
def test_the_decoder_does_not_own_the_encoder(kind):
    encoder = tiny_encoder()
    mine, its = (set(map(id, module.parameters())) for module in (tiny_decoder(kind)(encoder), encoder))
    assert not mine & its
