import numpy as np
import pytest

from cmr_ssl.anatomy import LV, MYOCARDIUM
from cmr_ssl.measures.rings import MIDDLES, in_plane, length, ring
from tests.measures.drawings import AFFINE, CENTRE, polar, ring_image

UP = np.array([0.0, 0.0, 1.0])
GRID = in_plane(AFFINE, UP)


def test_a_ring_has_the_radii_it_was_drawn_with():
    found = ring(ring_image(20.0, 29.0), GRID)
    assert found.closed
    np.testing.assert_allclose(found.centre, CENTRE, atol=0.1)
    assert found.wall.mean() == pytest.approx(9.0, abs=0.05)
    np.testing.assert_allclose(found.endo, 20.0, atol=1.4)  # 5 degrees hold few pixels


def test_angles_grow_the_same_way_however_rows_and_columns_are_stored():
    thick = ring_image(20.0, 27.0 + 4.0 * np.cos(np.deg2rad(polar()[1] - 70.0)))
    upside_down, transposed = AFFINE @ np.diag([1.0, -1.0, 1.0, 1.0]), AFFINE[:, [1, 0, 2, 3]]
    for image, affine in ((thick, AFFINE), (thick[::-1], upside_down), (thick.T, transposed)):
        grid = in_plane(affine, UP)
        assert abs(np.linalg.det(grid)) == pytest.approx(1.4**2)
        thickest = np.angle(np.exp(1j * MIDDLES) @ ring(image, grid).wall)
        of_columns = np.arctan2(affine[1, 0], affine[0, 0])
        assert np.rad2deg(thickest + of_columns) % 360 == pytest.approx(70.0, abs=1.5)


def test_lengths_are_those_of_circle_and_ellipse_whatever_the_corners_of_pixels():
    assert length(np.full(72, 20.0)) == pytest.approx(40 * np.pi)
    a, b = 22.0, 18.0
    ellipse = a * b / np.hypot(b * np.cos(MIDDLES), a * np.sin(MIDDLES))
    h = ((a - b) / (a + b)) ** 2
    assert length(ellipse) == pytest.approx(np.pi * (a + b) * (1 + h / 4), rel=1e-4)
    assert length(ring(ring_image(20.0, 29.0), GRID).endo) == pytest.approx(40 * np.pi, rel=0.005)


def test_a_wall_with_a_gap_is_open_and_a_hole_of_one_pixel_is_not():
    image = ring_image(20.0, 29.0, rv=False)
    holed = image.copy()
    holed[tuple(np.argwhere(image == MYOCARDIUM)[0])] = 0
    assert ring(holed, GRID).closed
    image[np.abs(polar()[1]) < 20] = 0
    assert not ring(image, GRID).closed


def test_stray_pixels_far_away_belong_to_no_ring():
    image = ring_image(20.0, 29.0, rv=False)
    stray = image.copy()
    stray[2:4, 2:4] = MYOCARDIUM
    stray[90, 90] = LV
    np.testing.assert_array_equal(ring(stray, GRID).epi, ring(image, GRID).epi)
    assert ring(np.zeros_like(image), GRID) is None
