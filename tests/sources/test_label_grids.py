import itertools

import numpy as np
import pytest

from cmr_ssl.anatomy import UNLABELLED
from cmr_ssl.sources.label_grids import ImageGrid, onto_grid
from tests.studies import long_axis, short_axis

SHAPE = (12, 10, 5)
AFFINE = short_axis(SHAPE)
GRID = ImageGrid(AFFINE, SHAPE, (0, SHAPE[2]))


def labels(shape=SHAPE):
    drawn = np.zeros((*shape, 2), np.uint8)
    drawn[3:9, 2:8, 1 : shape[2] - 1] = np.random.default_rng(0).integers(0, 4, (6, 6, shape[2] - 2, 2))
    return drawn


def moved(*voxels):
    affine = AFFINE.copy()
    affine[:3, 3] += AFFINE[:3, :3] @ voxels
    return affine


def reordered(drawn, order, flips):
    """Return the same map and its affine after its axes were put in another order and flipped."""
    turn = np.eye(4)
    for axis, (own, flip) in enumerate(zip(order, flips, strict=True)):
        turn[:3, axis] = np.eye(3)[own] * (-1 if flip else 1)
        turn[:3, 3] += np.eye(3)[own] * (drawn.shape[own] - 1) * flip
    turned = np.flip(drawn.transpose(*order, 3), [axis for axis in range(3) if flips[axis]])
    return turned, AFFINE @ turn


@pytest.mark.parametrize("order", [*itertools.permutations(range(3))])
def test_a_map_comes_back_however_its_axes_were_turned(order):
    for flips in itertools.product([False, True], repeat=3):
        placed, changed = onto_grid(*reordered(labels(), order, flips), GRID)
        np.testing.assert_array_equal(placed, labels())
        assert changed == (order != (0, 1, 2) or any(flips))


@pytest.mark.parametrize("part", [np.s_[2:10, 1:9, 1:4], np.s_[3:, :, :], np.s_[:, :8, 1:], np.s_[2:, 1:, :4]])
def test_a_part_of_a_map_is_put_where_it_lies_and_nothing_is_claimed_around_it(part):
    affine = moved(*(one.start or 0 for one in part))
    placed, changed = onto_grid(labels()[part], affine, GRID)
    assert changed
    np.testing.assert_array_equal(placed[part], labels()[part])
    outside = np.ones(SHAPE, bool)
    outside[part] = False
    assert (placed[outside] == UNLABELLED).all()


def test_a_larger_map_is_cut_where_it_draws_nothing_and_refused_where_it_does():
    wide = np.pad(labels(), ((2, 1), (0, 3), (1, 1), (0, 0)))
    np.testing.assert_array_equal(onto_grid(wide, moved(-2, 0, -1), GRID)[0], labels())
    wide[0, 4, 3] = 1
    with pytest.raises(ValueError, match="draw beside the images"):
        onto_grid(wide, moved(-2, 0, -1), GRID)


LOST = np.linalg.solve(AFFINE[:3, :3], -AFFINE[:3, 3])  # which moves the origin of the map to 0, 0, 0 mm


@pytest.mark.parametrize(
    "by", [(0, 0, 1), (0, 0, -2), (1, 0, 0), (0.4, 0, 0), (0, -0.3, 0), (0, 0, 0.4), (9, 9, 9), LOST]
)
def test_a_map_of_the_same_size_that_lies_elsewhere_is_refused(by):
    with pytest.raises(ValueError, match=r"from the images|between the voxels"):
        onto_grid(labels(), moved(*by), GRID)


def test_other_pixels_and_other_directions_are_refused():
    for turn in (np.diag([2.0, 1, 1, 1]), np.array([[0.8, -0.6, 0, 0], [0.6, 0.8, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])):
        with pytest.raises(ValueError, match="not that of the images"):
            onto_grid(labels(), AFFINE @ turn, GRID)
    with pytest.raises(ValueError, match="between the voxels"):
        onto_grid(labels(), AFFINE @ np.diag([1.03, 1, 1, 1]), GRID)


def test_how_thick_a_single_plane_is_does_not_matter():
    affine = long_axis("la_4ch", (12, 10, 1))
    plane = labels()[:, :, 2:3]
    thick = affine @ np.diag([1, 1, 3.0, 1])
    np.testing.assert_array_equal(onto_grid(plane, thick, ImageGrid(affine, (12, 10, 1), (0, 1)))[0], plane)


def test_slices_without_an_image_are_not_labelled_by_a_shifted_map():
    grid = ImageGrid(AFFINE, SHAPE, (1, 3), 0.5)
    part = labels()[:, :, 1:4]
    np.testing.assert_array_equal(onto_grid(part, moved(0, 0, 1.3), grid)[0][:, :, 1:4], part)
    with pytest.raises(ValueError, match="from the images"):
        onto_grid(part, moved(0, 0, 0), grid)


def test_without_any_offset_only_the_very_grid_will_do():
    nowhere = AFFINE.copy()
    nowhere[:3, 3] = np.nan
    grid = GRID._replace(affine=nowhere)
    np.testing.assert_array_equal(onto_grid(labels(), nowhere, grid)[0], labels())
    with pytest.raises(ValueError, match="neither says where"):
        onto_grid(labels()[2:10], nowhere, grid)
