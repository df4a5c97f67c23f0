import numpy as np
import pytest

from cmr_ssl.phantom.torso import Canvas, Tissue, paint_torso, soft


def test_air_is_dark_skin_fat_bright_and_lung_dark(worlds):
    torso = worlds["normal"].torso
    points = np.array([[0, torso.half_depth + 30, 0], [torso.half_width - torso.fat / 4, 0, 0], [90, 10, 40]])
    air, fat, lung = paint_torso(points, torso, np.zeros(3), 1.8)
    assert air == 0.0
    assert fat == pytest.approx(torso.tissues.fat, abs=0.05)
    assert lung < 0.5 * torso.tissues.muscle


def test_breathing_moves_the_organs_and_leaves_the_skin(worlds):
    torso = worlds["normal"].torso
    rng = np.random.default_rng(0)
    points = rng.uniform([-150, -100, -80], [150, 100, 40], (5000, 3))
    still, moved = (paint_torso(points, torso, np.array([0.0, 0.0, shift]), 1.8) for shift in (0.0, 8.0))
    skin = np.hypot(points[:, 0] / torso.half_width, points[:, 1] / torso.half_depth) > 0.97
    changed = np.abs(still - moved) > 0.05
    assert skin.sum() > 50
    assert not changed[skin].any()
    assert changed[~skin].mean() > 0.03


def test_a_border_of_fat_and_water_is_dark_and_one_of_fat_and_air_is_not():
    canvas = Canvas(3)
    canvas.paint(np.ones(3, np.float32), Tissue(0.9, fat=1.0))
    canvas.paint(np.array([0.0, 0.5, 1.0], np.float32), Tissue(0.4))
    fat, border, water = canvas.develop()
    assert (fat, water) == (pytest.approx(0.9), pytest.approx(0.4))
    assert border < 0.3
    with_air = Canvas(1)
    with_air.paint(np.array([0.5], np.float32), Tissue(0.9, fat=1.0))
    assert with_air.develop()[0] == pytest.approx(0.45)


def test_a_soft_border_is_half_at_the_surface():
    np.testing.assert_allclose(soft(np.array([-2.0, 0.0, 0.5, 2.0], np.float32), 2.0), [0, 0.5, 0.75, 1])
