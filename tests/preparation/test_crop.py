import numpy as np
import pytest

from cmr_ssl.planes import spacing, to_mm
from cmr_ssl.preparation.crop import inside, place_crop, resample_labels_to_crop, resample_to_crop
from tests.studies import AXES, plane

CENTRE = np.array([12.0, -7.0, 30.0])


def affine(shape=(60, 50), step=2.0, at=CENTRE):
    return plane(-AXES[0], -AXES[1], AXES[2], at, (*shape, 1), step)


def ramp(plane_affine, shape):
    """A picture whose value is a linear function of the place in mm, (X, Y, 1)."""
    pixels = np.stack(np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij"), axis=-1).reshape(-1, 2)
    return (to_mm(plane_affine, pixels) @ [1.0, 2.0, -0.5]).reshape(*shape, 1)


def places(crop):
    columns, rows = np.meshgrid(np.arange(len(crop.columns)), np.arange(len(crop.rows)))
    return to_mm(crop.affine, np.stack([columns, rows], axis=-1).reshape(-1, 2))


@pytest.mark.parametrize("step", [2.0, 2.0015, 1.4, 3.7, (1.5, 2.5)])
def test_every_pixel_shows_what_lies_where_the_affine_says_with_the_spacing_and_middle_asked_for(step):
    source = affine(step=step, shape=(61, 52))
    crop = place_crop(source, CENTRE, 16, 2.0)
    shown = resample_to_crop(ramp(source, (61, 52)), crop)[0]
    np.testing.assert_allclose(shown.reshape(-1), places(crop) @ [1.0, 2.0, -0.5], atol=1e-3)
    copied = step in (2.0, 2.0015)  # pixels are copied, and the centre missed by half of one at most
    np.testing.assert_allclose(spacing(crop.affine), 2.0, rtol=1e-3 if copied else 1e-9)
    middle = to_mm(crop.affine, np.array([[7.5, 7.5]]))[0] - CENTRE
    assert np.abs(middle @ AXES[:2].T).max() <= (1.0 + 1e-2 if copied else 1e-9)


def test_equal_spacing_copies_pixels():
    pixels = np.random.default_rng(0).integers(0, 999, (60, 50, 3)).astype(np.int16)
    off = CENTRE + 0.7 * AXES[0]
    crop = place_crop(affine(step=2.0 * 1.0009), off, 16, 2.0)
    shown = resample_to_crop(pixels, crop)
    assert shown.dtype == np.int16
    np.testing.assert_array_equal(shown, pixels[int(crop.columns[0]) :, int(crop.rows[0]) :][:16, :16].T)


@pytest.mark.parametrize("spacing_mm", [2.0, 1.3])
def test_outside_the_image_there_is_nothing(spacing_mm):
    pixels = np.full((20, 20, 2), 7, dtype=np.int16)
    crop = place_crop(affine((20, 20)), CENTRE, 64, spacing_mm)
    shown, within = resample_to_crop(pixels, crop), inside(crop, (20, 20))
    assert 0 < within.mean() < 1
    core = inside(crop._replace(columns=crop.columns - 1, rows=crop.rows - 1), (18, 18))
    np.testing.assert_allclose(shown[:, core], 7, rtol=1e-6)
    beyond = ~inside(crop._replace(columns=crop.columns + 1, rows=crop.rows + 1), (22, 22))
    assert beyond.any()
    assert (shown[:, beyond] == 0).all()


@pytest.mark.parametrize("spacing_mm", [2.0, 1.3])
def test_a_heart_beside_the_image_gives_an_empty_crop(spacing_mm):
    crop = place_crop(affine((20, 20)), CENTRE + 400 * AXES[0], 16, spacing_mm)
    assert not inside(crop, (20, 20)).any()
    assert not resample_to_crop(np.ones((20, 20, 2)), crop).any()
    assert (resample_labels_to_crop(np.ones((20, 20, 2), dtype=np.uint8), crop) == 255).all()


def test_shrinking_averages_instead_of_picking_pixels():
    checkers = (np.indices((60, 60)).sum(axis=0) % 2).astype(np.float32)[..., None]
    shown = resample_to_crop(checkers, place_crop(affine((60, 60), step=1.0), CENTRE, 12, 3.0))
    np.testing.assert_allclose(shown, 0.5, atol=0.06)


def test_labels_come_from_the_nearest_pixel_and_are_unknown_outside():
    source = affine((20, 20))
    labels = np.random.default_rng(0).integers(0, 4, (20, 20, 1)).astype(np.uint8)
    crop = place_crop(source, CENTRE + 9 * AXES[0], 32, 1.1)
    shown = resample_labels_to_crop(labels, crop)[0]
    nearest = np.round((places(crop) - source[:3, 3]) @ np.linalg.pinv(source[:3, :2]).T).astype(int)
    within = ((nearest >= 0) & (nearest < 20)).all(axis=1)
    assert 0 < within.mean() < 1
    np.testing.assert_array_equal(shown.reshape(-1)[within], labels[nearest[within, 0], nearest[within, 1], 0])
    assert (shown.reshape(-1)[~within] == 255).all()
