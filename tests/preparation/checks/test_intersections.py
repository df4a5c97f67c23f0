import numpy as np
import pytest

from cmr_ssl.preparation.checks.intersections import best_lag, best_shift, correlation, cross, overlap, profile
from tests.preparation.checks.synthetic_planes import FRAMES, heart, long_axis, short_axis


def crossing(moved=(0.0, 0.0, 0.0), late=0):
    affines = long_axis("la_2ch"), short_axis(-5.0)
    images = heart(affines[0]).astype(np.float32), heart(affines[1], moved, late).astype(np.float32)
    return cross(images, affines)


def test_planes_that_fit_agree():
    found = crossing()
    assert abs(found.direction[1]) == pytest.approx(1.0)  # the two-chamber plane is the y-z plane here
    assert found.shift_mm == 0.0
    assert abs(found.lag) < 0.005
    assert found.agreement > 0.9


@pytest.mark.parametrize("moved", [-8.0, 6.0])
def test_a_slice_moved_along_the_line_is_moved_back(moved):
    found = crossing(moved=(0.0, moved, 0.0))
    assert found.shift_mm * found.direction[1] == pytest.approx(-moved, abs=2.0)
    assert found.agreement > 0.7
    assert abs(crossing(moved=(abs(moved) - 2, 0.0, 0.0)).shift_mm) <= 2.0  # across the line hardly anything shows


@pytest.mark.parametrize("late", [-3, 2])
def test_a_turned_beat_is_told_in_shares_of_the_beat(late):
    assert crossing(late=late).lag == pytest.approx(late / FRAMES, abs=0.005)


def test_a_profile_reads_between_pixels():
    image = np.arange(12, dtype=np.float32).reshape(1, 3, 4)  # value = 4 row + column
    affine = np.diag([2.0, 3.0, 1.0, 1.0])
    points = np.array([[3.0, 1.5, 0.0], [0.0, 6.0, 9.0], [-50.0, 0.0, 0.0], [50.0, 0.0, 0.0]])
    np.testing.assert_allclose(profile(image, affine, points), [[3.5, 8.0, 0.0, 3.0]])


def test_shifts_and_lags_are_those_put_in():
    rng = np.random.default_rng(0)
    first = rng.normal(size=(16, 60)).astype(np.float32)
    assert best_shift(first, np.roll(first, -4, axis=1)) == 4
    assert best_shift(first, np.roll(first, 7, axis=1)) == -7
    assert best_lag(first, np.roll(first, 5, axis=0)) == (5 / 16, pytest.approx(1.0))
    assert best_lag(first, np.roll(first, -1, axis=0))[0] == -1 / 16


@pytest.mark.parametrize("late", [0.0, 0.01, 0.03, -0.045])
def test_a_lag_of_a_part_of_a_frame_is_told(late):
    waves = np.random.default_rng(0).normal(size=(2, 3, 60))
    phases = [2 * np.pi * (np.arange(16)[:, None] / 16 - by) * np.array([1, 2, 3]) for by in (0.0, late)]
    first, second = (np.cos(phase) @ waves[0] + np.sin(phase) @ waves[1] for phase in phases)
    assert best_lag(first, second)[0] == pytest.approx(late, abs=0.003)


def test_overlaps_are_of_one_size_and_nothing_is_like_nothing():
    first = np.arange(10.0)[None]
    np.testing.assert_array_equal(overlap(first, first, 3), [[np.arange(3.0, 10.0)], [np.arange(0.0, 7.0)]])
    np.testing.assert_array_equal(overlap(first, first, -3), [[np.arange(0.0, 7.0)], [np.arange(3.0, 10.0)]])
    assert correlation(np.ones((2, 2)), np.eye(2)) == 0.0
    assert best_lag(np.ones((4, 3)), np.ones((4, 3)))[1] == 0.0
