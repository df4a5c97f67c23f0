from itertools import pairwise

import numpy as np
import pytest

from cmr_ssl.phantom.prescription import PIXEL_MM, SLICE_GAP_MM, prescribe
from cmr_ssl.planes import LONG_AXIS, VIEWS, normal, to_pixels, unit


@pytest.fixture(scope="module")
def plans(worlds):
    world = worlds["normal"]
    return world, prescribe(np.random.default_rng(0), world.scene.heart, world.placement, 1)


def heart_axis(world):
    return world.placement.rotation[:, 2]


def test_every_view_is_prescribed_with_its_spacing(plans):
    _, series = plans
    assert [plan.view for plan in series] == list(VIEWS)
    for plan in series:
        steps = np.linalg.norm(plan.affine[:3, :3], axis=0)
        np.testing.assert_allclose(steps, [PIXEL_MM, PIXEL_MM, SLICE_GAP_MM if plan.view == "sa" else 6.0])
        np.testing.assert_allclose(plan.affine[:3, :3].T @ plan.affine[:3, :3], np.diag(steps**2), atol=1e-9)


def test_the_short_axis_covers_the_ventricles_from_base_to_apex(plans):
    world, series = plans
    stack = series[0]
    assert 10 <= stack.shape[2] <= 12
    ends = [stack.affine @ [*(np.array(stack.shape[:2]) / 2), index, 1] for index in (0, stack.shape[2] - 1)]
    first, last = world.placement.to_heart(np.array(ends)[:, :3])[:, 2]
    assert first > 5
    assert last - SLICE_GAP_MM / 2 < world.scene.heart.endo.bottom[0] + 1.0  # the last slab holds the cavity's tip
    assert abs(normal(stack.affine) @ heart_axis(world)) > 0.98


def test_long_axis_planes_hold_the_axis_at_an_angle_and_short_axis_images_have_the_rv_on_the_left(plans):
    world, series = plans
    normals = [unit(plan.affine[:3, 2]) for plan in series if plan.view in LONG_AXIS]
    for one in normals:
        assert abs(one @ heart_axis(world)) < 0.2
    angles = [np.rad2deg(np.arccos(abs(a @ b))) for a, b in pairwise(normals)]
    assert all(35 < found < 90 for found in angles)
    rv, anterior = world.placement.rotation[:, 0], world.placement.rotation[:, 1]
    column, row = series[0].affine[:3, 0], series[0].affine[:3, 1]
    assert unit(column) @ rv < -0.6
    assert unit(row) @ anterior < -0.6


def test_the_apex_is_above_the_base_in_4ch_and_left_and_below_in_2ch_and_3ch(plans):
    world, series = plans
    base = world.placement.origin
    apex = base + world.placement.rotation @ [0, 0, -80]
    for plan in series[1:]:
        way = np.diff(to_pixels(plan.affine, np.stack([base, apex])), axis=0)[0]
        if plan.view == "la_4ch":
            assert way[1] < 0
        else:
            assert way[0] < 0 < way[1]


def test_half_the_matrix_covers_the_same_field(plans):
    world, _ = plans
    full, small = (prescribe(np.random.default_rng(1), world.scene.heart, world.placement, scale) for scale in (1, 2))
    for one, other in zip(full, small, strict=True):
        assert other.shape == (one.shape[0] // 2, one.shape[1] // 2, one.shape[2])
        np.testing.assert_allclose(*(plan.affine @ [*plan.shape[:2], 0, 0] for plan in (one, other)))


def test_the_heart_is_not_always_in_the_middle_but_always_in_the_image(worlds):
    world = worlds["normal"]
    middle = world.placement.origin + world.placement.rotation @ [8, 0, 0.45 * world.scene.heart.epi.bottom[0]]
    places = []
    for seed in range(40):
        for plan in prescribe(np.random.default_rng(seed), world.scene.heart, world.placement, 1):
            places.append(to_pixels(plan.affine, middle[None])[0] / plan.shape[:2])
    assert np.std(places, axis=0).min() > 0.02
    assert np.min(places) > 0.3
    assert np.max(places) < 0.7
