import math

import pytest
import torch
from torch import nn

from cmr_ssl.inference import decoding
from cmr_ssl.inference.decoding import decode_anywhere, decode_own_planes, decode_seamlessly, encode_shown, hearts
from cmr_ssl.models import SelfAttentionDecoder
from tests.caches import FRAMES, SIZE
from tests.oracle import Oracle
from tests.tiny import PATCH, tiny_batch, tiny_task

HEART = tiny_batch(subjects=1)
SHOWN = torch.tensor([True, False, True, True, False, True, True])


@pytest.fixture(scope="module")
def task():
    return tiny_task()


def answers(task, heart=HEART, shown=SHOWN):
    with torch.inference_mode():
        return decode_own_planes(task, heart, encode_shown(task, heart, shown), ~shown)


@pytest.mark.parametrize("decoder", [None, SelfAttentionDecoder])
def test_what_is_asked_for_cannot_leak(decoder):
    task = tiny_task(decoder) if decoder else tiny_task()
    painted = HEART.images.clone()
    painted[:, ~SHOWN] = 0.9
    torch.testing.assert_close(answers(task, HEART._replace(images=painted)), answers(task), rtol=0, atol=0)


def test_the_answer_has_the_form_of_the_planes_the_range_of_intensities_and_depends_on_what_is_shown(task):
    painted = HEART.images.clone()
    painted[:, 2] = 0.9
    assert not torch.allclose(answers(task, HEART._replace(images=painted)), answers(task))
    found = answers(task)
    assert found.shape == (2, *HEART.images.shape[2:])
    assert 0 <= found.min() < found.max() <= 1
    with pytest.raises(ValueError, match="900000000: there is no plane"):
        encode_shown(task, HEART, SHOWN & False)


@pytest.mark.parametrize("at_once", [1, 15, 10_000])
def test_a_plane_is_the_same_asked_by_index_or_by_affine_alone_or_together(task, at_once, monkeypatch):
    monkeypatch.setattr(decoding, "TOKENS_AT_ONCE", at_once)
    with torch.inference_mode():
        seen = encode_shown(task, HEART, SHOWN)
        found = list(decode_anywhere(task, seen, HEART.affine[0, ~SHOWN], tuple(HEART.images.shape[2:])))
    assert len(found) == (1 if at_once > 15 else 2)
    torch.testing.assert_close(torch.cat(found), answers(task), rtol=1e-4, atol=1e-5)


def test_normalised_answers_get_the_brightness_of_what_was_seen():
    task = tiny_task(normalise=True)
    dark = HEART._replace(images=0.3 + 0.02 * HEART.images)
    assert answers(task, dark).mean() == pytest.approx(0.31, abs=0.02)


def test_hearts_are_batches_of_one_without_the_blank_ones():
    batch = tiny_batch(subjects=3)
    found = list(hearts(batch._replace(subject=["a", "", "c"])))
    assert [heart.subject for heart in found] == [["a"], ["c"]]
    torch.testing.assert_close(found[1].images, batch.images[2:])


class PerPatch(nn.Module):
    """Tells one value a patch, another one in each: nothing but seams."""

    def forward(self, encoded, wanted):
        values = torch.sin(wanted.centre.sum(-1, keepdim=True) * 12.9898) * 0.5 + 0.5
        return values.expand(-1, -1, math.prod(PATCH))


def test_planes_told_seamlessly_show_no_borders_of_patches_and_stay_where_they_are():
    batch = tiny_batch(subjects=1)
    task, shape = tiny_task(), (FRAMES, SIZE, SIZE)
    task.decoder = Oracle((9.0, -7.0, 6.0), PATCH)
    seen = encode_shown(task, batch, batch.present[0])
    (exact,) = decode_anywhere(task, seen, batch.affine[0], shape)
    torch.testing.assert_close(decode_seamlessly(task, seen, batch.affine[0], shape), exact, rtol=0, atol=1e-5)
    task.decoder = PerPatch()
    (plain,) = decode_anywhere(task, seen, batch.affine[0], shape)
    smooth = decode_seamlessly(task, seen, batch.affine[0], shape)
    for axis in (-2, -1):
        assert smooth.diff(dim=axis).abs().max() < plain.diff(dim=axis).abs().max() / 3
