import numpy as np
import pytest

from cmr_ssl.planes import APEX_TO_BASE_RAS, heart_frame, normal, slice_affine, spacing, to_mm, to_pixels, unit
from tests.caches import SPACING_MM, long_axis, short_axis

CENTRE = np.array([-31.0, 17.0, 44.0])


def test_pixels_go_to_mm_and_back_and_points_beside_a_plane_along_its_normal():
    pixels = np.random.default_rng(0).uniform(0, 15, (20, 2))
    for affine in (short_axis(12.0), long_axis("la_3ch")):
        np.testing.assert_allclose(to_pixels(affine, to_mm(affine, pixels)), pixels, atol=1e-9)
    affine = long_axis("la_2ch")
    points = to_mm(affine, np.array([[3.0, 9.0]]))
    np.testing.assert_allclose(to_pixels(affine, points + 25 * normal(affine)), [[3.0, 9.0]], atol=1e-9)


def test_spacing_and_normal_are_those_of_the_pixel_grid_and_a_slice_lies_one_step_further():
    np.testing.assert_allclose(spacing(short_axis()), [SPACING_MM, SPACING_MM])
    np.testing.assert_allclose(normal(short_axis()), [0, 0, 1])
    assert abs(normal(long_axis("la_4ch")) @ [0, 0, 1]) < 1e-9
    affine = short_axis()
    affine[:3, 2] = [0, 0, -10]
    np.testing.assert_allclose(slice_affine(affine, 3)[:3, 3], affine[:3, 3] - [0, 0, 30])
    np.testing.assert_allclose(slice_affine(affine, 0), affine)


def test_the_heart_frame_is_rigid_around_the_centre_with_z_towards_the_base_and_x_right_and_front():
    frame = heart_frame(CENTRE, APEX_TO_BASE_RAS)
    np.testing.assert_allclose(frame[:3, :3] @ frame[:3, :3].T, np.eye(3), atol=1e-12)
    assert np.linalg.det(frame[:3, :3]) == pytest.approx(1)
    np.testing.assert_allclose(frame @ [*CENTRE, 1], [0, 0, 0, 1], atol=1e-9)
    np.testing.assert_allclose((frame @ [*(CENTRE + 7 * unit(APEX_TO_BASE_RAS)), 1])[:3], [0, 0, 7], atol=1e-9)
    assert (frame[:3, :3] @ [1, 1, 0])[0] > 0


@pytest.mark.parametrize("vector", [[0.0, 0.0, 0.0], [np.nan, 1.0, 0.0], [np.inf, 0.0, 0.0]])
def test_a_vector_without_a_direction_is_refused(vector):
    with pytest.raises(ValueError, match="has no direction"):
        unit(np.array(vector))
    with pytest.raises(ValueError, match="has no direction"):  # of parallel ones nor has the product
        heart_frame(CENTRE, np.array([1.0, 0.0, 0.0]), np.array([2.0, 0.0, 0.0]))
