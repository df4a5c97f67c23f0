import numpy as np
import pytest
import torch

from cmr_ssl.inference.comparators import (
    ReferencePlanes,
    adjoining,
    crossing_direction,
    interpolated,
    is_short_axis_view,
    nearest,
    pixel_points,
)
from cmr_ssl.planes import VIEWS
from tests.caches import DEGREES, SIZE, heights, long_axis, place, short_axis

SLICES = heights(4)


def planes(affines, show, short):
    """Return planes at `affines` that show the function `show` of points (..., 3) in two frames."""
    affine = torch.tensor(np.array(affines), dtype=torch.float32)
    images = torch.stack([show(pixel_points(one, SIZE, SIZE)) for one in affine])[:, None].repeat(1, 2, 1, 1)
    images[:, 1] *= 0.5
    return ReferencePlanes(images, affine, torch.tensor(short))


def ramp(points):
    return 0.5 + points @ torch.tensor([0.001, -0.002, 0.005])


def barrel(points):
    """Round about the long axis, so that every plane through it shows the same."""
    return torch.exp(-points[..., :2].square().sum(-1) / 2000) * (0.5 + 0.004 * points[..., 2])


def stack_and(views=(), show=ramp):
    affines = [*map(short_axis, SLICES), *map(long_axis, views)]
    return planes(affines, show, [True] * len(SLICES) + [False] * len(views))


def without(found, gone):
    return found.select(torch.arange(len(found.images)) != gone)


@pytest.mark.parametrize(("gone", "told"), [(1, 1), (2, 2), (0, 1), (3, 2)])
def test_a_linear_object_is_told_exactly_between_slices_and_beyond_the_stack_its_last_one_is_copied(gone, told):
    found = stack_and()
    torch.testing.assert_close(interpolated(without(found, gone), found.affine[gone]), found.images[told])


def test_uneven_gaps_weigh_by_distance_and_the_nearest_slice_is_that_along_the_axis():
    found = planes([short_axis(30.0), short_axis(10.0), short_axis(-10.0)], ramp, [True] * 3)
    told = interpolated(found, torch.tensor(short_axis(15.0), dtype=torch.float32))
    torch.testing.assert_close(told, 0.25 * found.images[0] + 0.75 * found.images[1], rtol=0, atol=1e-5)
    found = planes([short_axis(30.0), short_axis(8.0), short_axis(-10.0)], ramp, [True] * 3)
    told = nearest(found, torch.tensor(short_axis(0.0), dtype=torch.float32), True)
    torch.testing.assert_close(told, found.images[1], rtol=0, atol=1e-5)


@pytest.mark.parametrize("reach", [2.0, 9.0, 60.0])
@pytest.mark.parametrize("at", [22.0, 30.0, 3.0, 41.0, -44.0])
def test_what_is_carried_solves_the_kriging_equations_of_all_slices(reach, at):
    slices = np.array([30.0, 17.0, 9.0, -10.0, -31.0])
    found = planes([short_axis(height) for height in slices], lambda p: 0.3 + torch.sin(p).sum(-1) / 9, [True] * 5)
    apart = np.abs(np.subtract.outer([*slices, at], [*slices, at]))
    alike = np.exp(-apart / reach)
    weights = torch.tensor(np.linalg.solve(alike[:-1, :-1], alike[-1, :-1]), dtype=torch.float32)
    told = adjoining(found, torch.tensor(short_axis(at), dtype=torch.float32)).carried(reach)
    torch.testing.assert_close(told, torch.einsum("s,sthw->thw", weights, found.images), rtol=0, atol=1e-5)


def test_long_axis_planes_are_cut_out_of_the_stack():
    found = stack_and(DEGREES)
    told = interpolated(found, found.affine[5])
    z = pixel_points(found.affine[5], SIZE, SIZE)[..., 2]
    inside = (z.abs() <= SLICES[0]).expand(2, -1, -1)
    assert inside.float().mean() > 0.1
    torch.testing.assert_close(told[inside], found.images[5][inside], rtol=0, atol=1e-4)


@pytest.mark.parametrize("missing", DEGREES)
def test_a_view_turned_about_the_long_axis_shows_what_is_round_about_it(missing):
    others = [view for view in DEGREES if view != missing]
    found = planes([long_axis(view) for view in others], barrel, [False] * 2)
    affine = torch.tensor(long_axis(missing), dtype=torch.float32)
    true = barrel(pixel_points(affine, SIZE, SIZE))
    told = nearest(found, affine, False)
    torch.testing.assert_close(told, torch.stack([true, true / 2]), rtol=0, atol=1e-4)


def test_a_view_whose_picture_lies_on_its_side_is_turned_upright():
    flat = place([0.0, 0.0, 1.0], [0.6, 0.8, 0.0], [0.0, 0.0, 0.0])
    found = planes([flat], lambda points: 0.5 + points @ torch.tensor([0.003, 0.004, 0.002]), [False])
    affine = torch.tensor(place([1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 0.0, 0.0]), dtype=torch.float32)
    points = pixel_points(affine, SIZE, SIZE)
    expected = 0.5 + 0.005 * points[..., 0] + 0.002 * points[..., 2]
    torch.testing.assert_close(nearest(found, affine, False)[0], expected, rtol=0, atol=1e-4)


def test_of_two_views_the_one_nearer_in_angle_is_turned():
    bright, dark = (
        planes([long_axis(view)], lambda p, v=value: 0 * p[..., 0] + v, [False])
        for view, value in (("la_2ch", 0.9), ("la_4ch", 0.1))
    )  # 90 and 150 degrees
    both = ReferencePlanes(*(torch.cat(fields) for fields in zip(bright, dark, strict=True)))
    at = torch.tensor(place([np.cos(2.7), np.sin(2.7), 0], [0, 0, -1.0], [0, 0, 0]), dtype=torch.float32)  # 155
    assert nearest(both, at, False)[0].mean() == pytest.approx(0.1)


def test_what_nothing_can_tell_is_not_a_number():
    found = stack_and()
    affine = torch.tensor(long_axis("la_2ch"), dtype=torch.float32)
    assert nearest(found, affine, False).isnan().all()
    long = planes([long_axis("la_3ch")], ramp, [False])
    assert interpolated(long, affine).isnan().all()
    assert nearest(long, found.affine[0], True).isnan().all()
    assert interpolated(long, affine).shape == (2, SIZE, SIZE)


def test_directions_across_and_kinds():
    across = crossing_direction(torch.tensor(long_axis("la_3ch"), dtype=torch.float32)).abs().tolist()
    assert across == pytest.approx([np.cos(np.pi / 6), 0.5, 0.0], abs=1e-6)
    assert is_short_axis_view(torch.tensor([0, 1, 2, 3])).tolist() == [view == "sa" for view in VIEWS]
