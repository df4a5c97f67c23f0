import pytest
import torch

from cmr_ssl.models import AnatomicalPositions, GridPositions
from tests.tiny import tiny_batch, tiny_encoder, tokens_of


def encode(encoder, batch):
    return encoder.encode_planes(batch.images, batch.affine, batch.present)


@pytest.mark.parametrize(("slices", "views"), [(1, ()), (0, ("la_2ch",)), (12, ("la_2ch", "la_4ch"))])
def test_the_same_weights_take_any_number_of_planes(slices, views):
    batch = tiny_batch(slices=slices, views=views)
    class_token, tokens, patches, *_ = encode(tiny_encoder(), batch)
    assert class_token.shape == (2, 32)
    assert tokens.shape == patches.shape == (2, 8 * (slices + len(views)), 32)
    assert tokens.isfinite().all()


def test_two_subjects_together_are_two_alone_and_no_mask_changes_nothing_where_all_tokens_exist():
    encoder, batch = tiny_encoder(), tiny_batch()
    together = encode(encoder, batch)
    for index in range(2):
        one = encoder.encode_planes(*(field[index : index + 1] for field in batch[:1] + (batch.affine, batch.present)))
        torch.testing.assert_close(one.class_token[0], together.class_token[index])
        torch.testing.assert_close(one.tokens[0], together.tokens[index])
    encoder, tokens = tiny_encoder(), tokens_of(tiny_batch())
    torch.testing.assert_close(encoder(tokens, all_exist=True).tokens, encoder(tokens).tokens)


@pytest.mark.parametrize("positions", [AnatomicalPositions(), GridPositions()])
def test_absent_planes_have_no_effect(positions):
    encoder, batch = tiny_encoder(positions), tiny_batch(slices=3)
    present = batch.present.clone()
    present[:, -1] = False
    other = batch.images.clone()
    other[:, -1] = 0
    without = encoder.encode_planes(batch.images[:, :-1], batch.affine[:, :-1], present[:, :-1])
    for images in (batch.images, other):
        padded = encoder.encode_planes(images, batch.affine, present)
        torch.testing.assert_close(padded.class_token, without.class_token)
        torch.testing.assert_close(padded.tokens[:, :-8], without.tokens)


def test_a_token_depends_on_where_and_when_it_is_and_a_patch_by_itself_knows_neither_that_nor_the_others():
    encoder, batch = tiny_encoder(), tiny_batch(subjects=1)
    tokens, where = tokens_of(batch), tokens_of(batch).where
    before = encoder(tokens).class_token
    for moved in (where._replace(centre=where.centre + 20), where._replace(phase=where.phase + 0.3)):
        assert (encoder(tokens._replace(where=moved)).class_token - before).abs().max() > 1e-4
    said = encoder(tokens).patches
    moved = tokens._replace(where=where._replace(centre=where.centre + 20, phase=where.phase + 0.3))
    torch.testing.assert_close(encoder(moved.take(torch.arange(3)[None])).patches, said[:, :3])


def test_what_is_said_of_one_study_of_a_batch_leaves_out_what_does_not_exist():
    encoder, batch = tiny_encoder(), tiny_batch()
    batch.present[1, [0, 5]] = False
    encoded = encode(encoder, batch)
    study, there = encoded.study(1), encoded.exists[1]
    assert study.tokens.shape[:2] == study.exists.shape == (1, 5 * 8)
    assert study.exists.all()
    for name in ("tokens", "patches"):
        assert torch.equal(getattr(study, name)[0], getattr(encoded, name)[1, there])
    assert torch.equal(study.where.centre[0], encoded.where.centre[1, there])


def test_thousands_of_tokens_and_large_weights_stay_finite_in_bfloat16():
    encoder = tiny_encoder(patch=(2, 2, 2))
    with torch.no_grad():
        for weight in encoder.blocks.parameters():
            if weight.ndim > 1:
                weight.mul_(50)
    batch = tiny_batch(subjects=1, slices=9)
    with torch.autocast("cpu", torch.bfloat16):
        class_token, tokens, *_ = encode(encoder, batch)
        (class_token.sum() + tokens.sum()).backward()
    assert tokens.shape[1] == 12 * 256
    assert tokens.isfinite().all()
    assert all(weight.grad.isfinite().all() for weight in encoder.parameters())
