import numpy as np
import pytest

from cmr_ssl.measures.levels import LEVELS, rings_at
from cmr_ssl.measures.rings import in_plane, ring
from cmr_ssl.measures.septum import insertion, mid_septum, segments
from tests.measures.drawings import AFFINE, cylinder, ring_image

GRID = in_plane(AFFINE, np.array([0.0, 0.0, 1.0]))


@pytest.mark.parametrize("septum", [0.0, 100.0, -170.0])
@pytest.mark.parametrize("half", [40.0, 60.0, 80.0])
def test_insertion_points_are_where_the_rv_was_attached(septum, half):
    image = ring_image(22.0, 31.0, septum, half)
    found = insertion(image, ring(image, GRID), GRID)
    assert np.rad2deg(found.anterior - found.inferior) == pytest.approx(2 * half, abs=8)
    middle = np.rad2deg(found.anterior + found.inferior) / 2
    assert (middle - septum + 180) % 360 - 180 == pytest.approx(0, abs=3)


def test_what_embraces_the_ventricle_hardly_touches_it_or_is_not_there_has_no_insertion_points():
    for half in (10.0, 140.0):
        image = ring_image(22.0, 31.0, 0.0, half)
        assert insertion(image, ring(image, GRID), GRID) is None
    stack = cylinder(rv=False)
    assert np.isnan(mid_septum(stack, rings_at(stack, 0)))


def test_segments_lie_where_the_aha_numbers_them():
    degrees = {"basal": (30, 90, 150, 210, 270, 330), "mid": (30, 90, 150, 210, 270, 330), "apical": (0, 90, 180, 270)}
    numbers = {"basal": [2, 1, 6, 5, 4, 3], "mid": [8, 7, 12, 11, 10, 9], "apical": [14, 13, 16, 15]}
    for level, title in enumerate(LEVELS):
        at = segments(level, np.deg2rad(40.0))
        assert [at[int((angle + 40) % 360 // 5)] for angle in degrees[title]] == numbers[title]
