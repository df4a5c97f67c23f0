import numpy as np
import pytest

from cmr_ssl.phantom.surfaces import around_axis, depth
from cmr_ssl.phantom.vessels import aortic_root, papillaries, tube, tube_depth

ALL = slice(None)


def test_a_tube_is_as_deep_as_its_radius_on_its_axis_and_round_at_its_ends():
    item = tube(np.zeros(3), np.array([0.0, 0.0, 2.0]), 10.0, 3.0)
    points = np.array([[0, 0, 5], [2, 0, 5], [0, 4, 5], [0, 0, 12], [0, 0, -5]], np.float32)
    np.testing.assert_allclose(tube_depth(item, points, ALL)[0], [3, 1, -1, 1, -2], atol=1e-5)


def test_papillary_muscles_stay_inside_the_cavity_at_every_frame(worlds):
    for world in worlds.values():
        heart = world.scene.heart
        for muscle in papillaries(heart):
            for frame in range(len(heart.mitral)):
                ends = np.stack([muscle.start[frame], muscle.end[frame]]).astype(np.float32)
                inside = depth(heart.endo, around_axis(heart.endo, ends), slice(frame, frame + 1))
                assert (inside > 0.5 * muscle.radius[frame]).all()


def test_the_aortic_root_follows_the_mitral_plane(worlds):
    heart = worlds["normal"].scene.heart
    root = aortic_root(heart)
    np.testing.assert_allclose(root.start[:, 2], heart.mitral)
    assert np.ptp(root.end, axis=0) == pytest.approx(0.0)
