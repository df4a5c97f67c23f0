from inspect import signature

import numpy as np
import pytest
import torch

from cmr_ssl.data.augment import Augmentation
from tests.tiny import affines

SIZE, SPACING_MM = 48, 2.0
STILL = dict.fromkeys(signature(Augmentation).parameters, 0.0)


def augmentation(**changes):
    return Augmentation(**(STILL | changes))


def fine_affines(slices=2):
    """Return affines (1, P, 4, 4) of planes of SIZE pixels, of different directions."""
    affine = affines(slices, ("la_2ch", "la_3ch"))
    affine[..., :2] *= SPACING_MM / affine[..., :3, :2].norm(dim=-2).mean()
    return affine


def blobs(affine, at=(20.0, 30.0)):
    """Return images of one bright blob at a pixel (column, row), and its place in mm, (1, P, 3)."""
    rows, columns = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    blob = torch.exp(-((columns - at[0]) ** 2 + (rows - at[1]) ** 2) / 18)
    return blob.expand(1, affine.shape[1], 3, -1, -1).clone(), (affine @ torch.tensor([*at, 0.0, 1.0]))[..., :3]


def seen_at(images, affine):
    """Return where (mm) the affine says that the blob of each plane lies, from its centre of mass, (1, P, 3)."""
    mass = images.mean(dim=2) / images.mean(dim=2).sum(dim=(-1, -2), keepdim=True)
    rows, columns = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    column, row = ((mass * axis).sum(dim=(-1, -2)) for axis in (columns, rows))
    pixel = torch.stack([column, row, torch.zeros_like(row), torch.ones_like(row)], dim=-1)
    return torch.einsum("bpij,bpj->bpi", affine, pixel)[..., :3]


@pytest.mark.parametrize("seed", range(4))
def test_pixels_and_affine_move_together(seed):
    affine = fine_affines()
    images, place = blobs(affine)
    moving = augmentation(rotation_degrees=25.0, shift_mm=10.0)
    moved, new = moving(images, affine, moving.draw(4, [seed]))
    assert (new - affine)[..., :2].abs().max() > 0.05
    assert (moved - images).abs().max() > 0.2
    torch.testing.assert_close(seen_at(moved, new), place, atol=0.1, rtol=0)


def test_label_maps_follow_their_pictures_and_nobody_labelled_what_comes_in():
    affine = fine_affines()
    images, _ = blobs(affine)
    moving = augmentation(rotation_degrees=25.0, shift_mm=30.0)
    draws = moving.draw(4, [1])
    moved = moving.labels((images > 0.5).to(torch.uint8) * 3, affine, draws)
    assert moved.dtype == torch.uint8
    assert set(moved.unique().tolist()) == {0, 3, 255}
    shown = moving(images, affine, draws)[0] > 0.5
    labelled = moved == 3
    assert (shown & labelled).sum() > 0.85 * (shown | labelled).sum() > 0
    known = moving(torch.ones_like(images), affine, draws)[0] > 0.5
    assert ((moved != 255) == known).float().mean() > 0.98


def test_a_turn_keeps_spacing_and_plane():
    affine, turning = fine_affines(), augmentation(rotation_degrees=40.0, shift_mm=10.0)
    _, turned = turning(blobs(affine)[0], affine, turning.draw(4, [0]))
    torch.testing.assert_close(turned[..., :3, :2].norm(dim=-2), affine[..., :3, :2].norm(dim=-2))
    normals = [torch.linalg.cross(one[..., :3, 0], one[..., :3, 1]) for one in (affine, turned)]
    torch.testing.assert_close(*normals)
    distance = ((turned - affine)[..., :3, 3] * normals[0]).sum(-1)
    torch.testing.assert_close(distance, torch.zeros_like(distance), atol=1e-4, rtol=0)


def test_nothing_moves_without_ranges_and_intensities_stay_in_theirs():
    affine, images = fine_affines(), torch.rand(1, 4, 3, SIZE, SIZE)
    still, shading = augmentation(), augmentation(contrast=0.9, brightness=0.9)
    same, unmoved = still(images, affine, still.draw(4, [0]))
    torch.testing.assert_close(same, images, atol=1e-4, rtol=0)
    torch.testing.assert_close(unmoved, affine)
    shaded, _ = shading(images, affine, shading.draw(4, [3]))
    assert 0 <= shaded.min() < shaded.max() <= 1


def test_a_shift_of_the_heart_frame_moves_all_planes_alike_and_no_pixel():
    affine, shifting = fine_affines().repeat(2, 1, 1, 1), augmentation(frame_shift_mm=5.0)
    images = torch.rand(2, 4, 3, SIZE, SIZE)
    same, shifted = shifting(images, affine, shifting.draw(4, [0, 1]))
    torch.testing.assert_close(same, images, atol=1e-4, rtol=0)
    shift = (shifted - affine)[..., :3, 3]
    torch.testing.assert_close(shift, shift[:, :1].expand_as(shift))
    assert not torch.allclose(shift[0], shift[1])
    assert 0 < shift.abs().max() <= 5
    assert torch.equal(shifted[..., :3], affine[..., :3])


def test_contrast_and_brightness_are_one_for_all_pixels_of_a_subject():
    affine, shading = fine_affines().repeat(2, 1, 1, 1), augmentation(contrast=0.2, brightness=0.1)
    images = (0.4 + 0.2 * torch.rand(1, 4, 3, SIZE, SIZE)).repeat(2, 1, 1, 1, 1)
    shaded, _ = shading(images, affine, shading.draw(4, [0, 1]))
    for subject in shaded:
        gain, offset = np.polyfit(images[0].flatten(), subject.flatten(), 1)
        assert 0.8 <= gain <= 1.2
        torch.testing.assert_close(subject, images[0] * gain + offset, atol=1e-4, rtol=0)
    assert (shaded[0] - shaded[1]).abs().max() > 0.01


def test_what_is_drawn_depends_on_the_seed_of_the_subject_only():
    drawing = Augmentation()
    together, alone = drawing.draw(4, [7, 8]), drawing.draw(4, [8])
    assert torch.equal(together[1:], alone)
    assert not torch.equal(together[0], together[1])
    assert together.shape == (2, 5, Augmentation.DRAWS)
    assert together.abs().max() <= 1


@pytest.mark.parametrize("name", STILL)
def test_a_negative_range_is_named(name):
    with pytest.raises(ValueError, match=f"{name} must not be negative, got -1"):
        augmentation(**{name: -1})


def test_a_blur_is_that_of_its_kernel_and_sees_what_lies_beyond_the_edge():
    affine, blurring = fine_affines(), augmentation(blur=0.3)
    images = torch.rand(1, 4, 3, SIZE, SIZE)
    draws = blurring.draw(4, [5])
    b = 0.3 * (draws[0, -1, 13] + 1) / 2
    kernel = torch.stack([b, 1 - 2 * b, b])
    weights = (kernel[:, None] * kernel)[None, None]
    expected = torch.nn.functional.conv2d(images.flatten(0, 2)[:, None], weights, padding=1).view_as(images)
    assert b > 0.01
    torch.testing.assert_close(blurring(images, affine, draws)[0], expected, atol=1e-4, rtol=0)


def test_gamma_is_a_power_of_intensities():
    affine, bending = fine_affines(), augmentation(gamma=0.5)
    images = torch.rand(1, 4, 3, SIZE, SIZE).clamp(min=0.01)
    draws = bending.draw(4, [5])
    expected = images**1.5 ** draws[0, -1, 9]
    assert (expected - images).abs().max() > 0.01
    torch.testing.assert_close(bending(images, affine, draws)[0], expected, atol=1e-3, rtol=0)


def test_the_coil_is_one_for_all_planes_of_a_subject():
    affine, coil = fine_affines(), augmentation(shading=0.4)
    images = torch.full((1, 4, 3, SIZE, SIZE), 0.3)
    draws = coil.draw(4, [5])
    rows, columns = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    pixels = torch.stack([columns, rows, torch.zeros_like(rows), torch.ones_like(rows)], dim=-1).float()
    place = torch.einsum("bpij,hwj->bphwi", affine, pixels)[..., :3]
    expected = 0.3 * (0.4 / 100 * (place * draws[0, -1, 10:13]).sum(-1)).exp()[:, :, None].expand_as(images)
    assert expected.max() / expected.min() > 1.1
    torch.testing.assert_close(coil(images, affine, draws)[0], expected.clamp(0, 1), atol=1e-4, rtol=0)
