import numpy as np
import pytest

from cmr_ssl.phantom.surfaces import (
    ANGLES,
    HEIGHTS,
    Surface,
    angle,
    around_axis,
    depth,
    height,
    largest_root,
    mean_square,
    square_at,
    volume_ml,
)

ALL = slice(None)


def cylinder(radius: float, length: float, **axis: float) -> Surface:
    return Surface(np.full((1, ANGLES, HEIGHTS), radius**2, np.float32), np.zeros(1), np.array([length]), **axis)


def test_a_cylinder_has_its_volume_and_a_paraboloid_too_because_its_square_is_linear_in_height():
    assert volume_ml(cylinder(10.0, 30.0))[0] == pytest.approx(np.pi * 100 * 30 / 1e3)
    square = np.broadcast_to(400.0 * height, (1, ANGLES, HEIGHTS)).astype(np.float32)
    assert volume_ml(Surface(square, np.zeros(1), np.array([50.0])))[0] == pytest.approx(np.pi * 400 * 50 / 2 / 1e3)


def test_leaning_leaves_the_volume_unchanged_and_moves_the_points():
    upright, leaning = cylinder(10.0, 30.0), cylinder(10.0, 30.0, lean_x=0.5)
    assert volume_ml(upright) == volume_ml(leaning)
    point = np.array([[18.0, 0.0, 20.0]], np.float32)
    outside, inside = (depth(one, around_axis(one, point), ALL)[0, 0] for one in (upright, leaning))
    assert outside < 0 < inside


def test_the_table_is_read_linearly_between_heights_and_in_the_right_direction():
    square = (np.cos(angle)[:, None] + 2 + 10 * height)[None].astype(np.float32)
    surface = Surface(square, np.array([-5.0]), np.array([5.0]))
    theta, z = 1.0, 1.7
    at = around_axis(surface, np.array([[np.cos(theta), np.sin(theta), z]], np.float32))
    assert square_at(surface, at, ALL)[0, 0] == pytest.approx(np.cos(theta) + 2 + 10 * (z + 5) / 10, abs=0.02)


def test_depth_is_the_distance_to_the_nearest_of_side_and_ends():
    surface = cylinder(10.0, 30.0, x=3.0)
    points = np.array([[3.0, 4.0, 15.0], [3.0, 0.0, 1.0], [3.0, 0.0, 28.0], [23.0, 0.0, 15.0]], np.float32)
    np.testing.assert_allclose(depth(surface, around_axis(surface, points), ALL)[0], [6.0, 1.0, 2.0, -10.0], atol=1e-4)


def test_the_larger_root_is_taken_and_the_mean_is_over_angle_and_height():
    assert largest_root(np.array(1.0), np.array(-5.0), np.array(6.0)) == pytest.approx(3.0)
    assert mean_square(np.broadcast_to(height, (ANGLES, HEIGHTS))) == pytest.approx(0.5)
