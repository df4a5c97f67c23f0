import numpy as np
import pytest
import torch

from cmr_ssl.models.tokens import Grid, coordinates, grid_of, is_short_axis, patchify, take, unpatchify
from tests.caches import place
from tests.tiny import PATCH, affines, tiny_batch, tokens_of

GRID = Grid(7, 2, 2, 2)


def test_a_token_holds_the_pixels_of_its_place_and_unpatchify_puts_them_back():
    images = tiny_batch().images
    assert torch.equal(unpatchify(patchify(images, PATCH), GRID, PATCH), images)
    patches = patchify(images, PATCH).unflatten(1, GRID)
    expected = images[1, 5, 4:8, 0:8, 8:16]
    assert torch.equal(patches[1, 5, 1, 0, 1].reshape(PATCH), expected)


def test_centres_are_where_the_affine_sends_the_middle_of_the_patch():
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    affine = torch.tensor(place(rotation[0], rotation[1], [7.0, -3.0, 5.0]), dtype=torch.float32)
    found = coordinates(affine[None, None], Grid(1, 2, 2, 2), PATCH)
    token = Grid(1, 2, 2, 2).per_plane - 2  # second frame, second row, first column
    column, row = (0 + 7) / 2, (8 + 15) / 2
    expected = affine @ torch.tensor([column, row, 0, 1])
    torch.testing.assert_close(found.centre[0, token], expected[:3])
    torch.testing.assert_close(found.edges[0, token], torch.cat([8 * affine[:3, 0], 8 * affine[:3, 1]]))


def test_places_are_exact_also_where_the_model_computes_in_bfloat16():
    affine = affines(3) + 0.123
    grid = Grid(6, 1, 2, 2)
    with torch.autocast("cpu", torch.bfloat16):
        found = coordinates(affine, grid, PATCH)
    assert found.centre.dtype == torch.float32
    torch.testing.assert_close(found.centre, coordinates(affine, grid, PATCH).centre, rtol=0, atol=0)


def test_phases_divide_the_circle_evenly_and_slices_restart_within_each_group_of_normals():
    phase = tokens_of(tiny_batch()).where.phase.unflatten(1, GRID)
    assert torch.equal(phase[0, :, :, 0, 0], torch.tensor([0.25, 0.75]).expand(7, 2))
    index = tokens_of(tiny_batch(slices=4)).where.cell.unflatten(1, GRID)
    assert index[0, :, 0, 0, 0, 0].tolist() == [0, 1, 2, 0, 1, 2, 3]
    assert index[0, 3, 1, 0, 1].tolist() == [0, 1, 0, 1]
    assert is_short_axis(affines(4)).tolist() == [[False] * 3 + [True] * 4]


def test_tokens_of_absent_planes_do_not_exist_and_those_that_are_taken_keep_what_is_known_of_them():
    batch = tiny_batch()
    batch.present[1, 2] = False
    tokens, ids = tokens_of(batch), torch.tensor([[0, 30, 17], [9, 16, 55]])
    assert tokens.exists.unflatten(1, (7, 8)).all(dim=2).equal(batch.present)
    taken = tokens.take(ids)
    assert taken.exists.tolist() == [[True] * 3, [True, False, True]]
    for whole, few in zip((tokens.patches, *tokens.where), (taken.patches, *taken.where), strict=True):
        assert torch.equal(few, torch.stack([whole[0, ids[0]], whole[1, ids[1]]]))
    assert taken.grid == GRID


def test_take_picks_tokens_of_each_subject():
    tokens = torch.arange(24.0).reshape(2, 4, 3)
    picked = take(tokens, torch.tensor([[3, 0], [1, 1]]))
    assert torch.equal(picked, torch.stack([tokens[0, [3, 0]], tokens[1, [1, 1]]]))


@pytest.mark.parametrize(
    ("patch", "axis", "size"), [((3, 8, 8), "frames", 8), ((4, 5, 8), "rows", 16), ((4, 8, 0), "columns", 16)]
)
def test_a_patch_that_does_not_divide_the_planes_is_named(patch, axis, size):
    with pytest.raises(ValueError, match=f"does not divide the {size} {axis}"):
        grid_of(tiny_batch().images, patch)
