"""Training that shows a part of the tokens, with and without an attention mask."""

from types import SimpleNamespace

import pytest
import torch

from cmr_ssl.corruption.missing import drop_planes
from cmr_ssl.masking import PlaneDropout, RandomMasking
from cmr_ssl.tasks import PhenotypeTask
from tests.tiny import tiny_batch, tiny_encoder

PLANES, PER_PLANE = 7, 8  # tokens of a plane of `tiny_batch` in the patches of `tiny_encoder`


def task_that_shows(share):
    masking = [RandomMasking(), PlaneDropout(0.4)]
    return PhenotypeTask(["LVEF (%)"], encoder=tiny_encoder(), masking=masking, mask_ratio=1 - share)


@pytest.mark.parametrize(("least", "fills"), [(2, False), (3, True), (7, True)])
def test_attention_needs_no_mask_if_the_poorest_subject_has_what_is_shown(least, fills):
    batch = tiny_batch(1)
    task = task_that_shows(3 / PLANES)
    data = SimpleNamespace(shape=batch.images.shape[1:], least_planes=least)
    assert task.fills(data.shape, data.least_planes) == fills
    encoded = task.encode_visible(drop_planes(batch, torch.arange(PLANES)[None] >= least))
    assert bool(encoded.exists.all()) == fills


def test_without_a_mask_training_sees_the_same_and_an_unreadable_subject_harms_no_other():
    batch = tiny_batch(2)
    batch = drop_planes(batch, torch.tensor([[False] * 3 + [True] * 4, [True] * PLANES]))
    task = task_that_shows(3 / PLANES)
    masked = task.encode_visible(batch)
    task.always_filled = True
    unmasked = task.encode_visible(batch)
    assert masked.exists.any(dim=1).tolist() == [True, False]
    torch.testing.assert_close(unmasked.class_token[0], masked.class_token[0])
    assert unmasked.class_token.isfinite().all()
