import numpy as np

from cmr_ssl.measures.levels import rings_at
from cmr_ssl.volumes import LabelMap
from tests.measures.drawings import AFFINE, cylinder, polar


def test_thirds_run_from_apex_to_base_whichever_way_slices_are_stored():
    stack = cylinder()
    found = rings_at(stack, 0)
    np.testing.assert_array_equal(found.slices, np.arange(9))
    np.testing.assert_array_equal(found.level, [0, 0, 0, 1, 1, 1, 2, 2, 2])
    flipped = AFFINE @ np.diag([1.0, 1.0, -1.0, 1.0])
    other = rings_at(LabelMap(stack.labels[:, ::-1], flipped), 0)
    np.testing.assert_array_equal(other.slices, np.arange(9)[::-1])
    np.testing.assert_array_equal(other.level, found.level)


def test_what_no_level_can_be_told_of_says_why():
    stack = cylinder()
    assert "2 short-axis slices" in rings_at(LabelMap(stack.labels[:, :2], AFFINE), 0).reason
    upside_down = LabelMap(cylinder(slices=9).labels[:, ::-1], AFFINE)
    assert "base and apex are in doubt" in rings_at(upside_down, 0).reason
    stack.labels[:, 4, np.abs(polar()[1]) < 30] = 0
    assert "lies one without" in rings_at(stack, 0).reason
    assert not rings_at(cylinder(), 1).reason
