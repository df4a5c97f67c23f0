import pytest
import torch

from cmr_ssl.models import AnatomicalPositions, GridPositions
from cmr_ssl.models.tokens import Coordinates, patchify
from tests.tiny import PATCH, tiny_batch, tiny_encoder, where


def encode(encoder, batch):
    return encoder.encode_planes(batch.images, batch.affine, batch.present)


@pytest.mark.parametrize(("slices", "views"), [(1, ()), (0, ("la_2ch",)), (12, ("la_2ch", "la_4ch"))])
def test_the_same_weights_take_any_number_of_planes(slices, views):
    batch = tiny_batch(slices=slices, views=views)
    class_token, tokens, patches = encode(tiny_encoder(), batch)
    assert class_token.shape == (2, 32)
    assert tokens.shape == patches.shape == (2, 8 * (slices + len(views)), 32)
    assert tokens.isfinite().all()


def test_two_subjects_together_are_two_subjects_alone():
    encoder, batch = tiny_encoder(), tiny_batch()
    together = encode(encoder, batch)
    for index in range(2):
        one = encoder.encode_planes(*(field[index : index + 1] for field in batch[:1] + (batch.affine, batch.present)))
        torch.testing.assert_close(one.class_token[0], together.class_token[index])
        torch.testing.assert_close(one.tokens[0], together.tokens[index])


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


def test_what_a_token_says_depends_on_where_and_when_it_is():
    encoder, batch = tiny_encoder(), tiny_batch(subjects=1)
    patches, places = patchify(batch.images, PATCH), where(batch)
    before = encoder(patches, places).class_token
    for moved in (places._replace(centre=places.centre + 20), places._replace(phase=places.phase + 0.3)):
        assert (encoder(patches, moved).class_token - before).abs().max() > 1e-4


def test_a_patch_by_itself_knows_neither_its_place_nor_the_others():
    encoder, batch = tiny_encoder(), tiny_batch(subjects=1)
    patches, places = patchify(batch.images, PATCH), where(batch)
    said = encoder(patches, places).patches
    moved = places._replace(centre=places.centre + 20, phase=places.phase + 0.3)
    torch.testing.assert_close(
        encoder(patches[:, :3], Coordinates(*(field[:, :3] for field in moved))).patches, said[:, :3]
    )


def test_thousands_of_tokens_and_large_weights_stay_finite_in_bfloat16():
    encoder = tiny_encoder(patch=(2, 2, 2))
    with torch.no_grad():
        for weight in encoder.blocks.parameters():
            if weight.ndim > 1:
                weight.mul_(50)
    batch = tiny_batch(subjects=1, slices=9)
    with torch.autocast("cpu", torch.bfloat16):
        class_token, tokens, _ = encode(encoder, batch)
        (class_token.sum() + tokens.sum()).backward()
    assert tokens.shape[1] == 12 * 256
    assert tokens.isfinite().all()
    assert all(weight.grad.isfinite().all() for weight in encoder.parameters())
