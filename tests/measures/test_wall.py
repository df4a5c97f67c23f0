import numpy as np

from cmr_ssl.measures.levels import rings_at
from cmr_ssl.measures.wall import NO_SEPTUM, thickness, wall_values
from tests.measures.drawings import cylinder, polar


def test_a_cylinder_has_one_thickness_and_thickens_as_drawn():
    stack = cylinder()
    ed, es = rings_at(stack, 0), rings_at(stack, 1)
    rows = {one[:3]: one for one in wall_values(ed, es, 0.0, (5.0, 7.0), "")}
    for number in range(1, 17):
        assert abs(rows["wall thickness", str(number), "ED"].value - 9.0) < 0.3
        assert abs(rows["wall thickness", str(number), "ES"].value - 13.0) < 0.3
        assert abs(rows["wall thickening", str(number), "ED to ES"].value - 100 * 4 / 9) < 3
    assert rows["wall thickening", "17", "ED to ES"].value == 40.0


def test_a_thick_anteroseptal_wall_is_found_in_segments_2_and_8_and_nowhere_else():
    away = (polar()[1] - 5.0) % 360
    stack = cylinder(epi=(34.0 + 5.0 * (away < 60), 31.0), septum=5.0, half=59.0)
    wall = thickness(rings_at(stack, 0), np.deg2rad(5.0))
    assert (wall[[1, 7]] > 13.5).all()
    assert (np.delete(wall, [1, 7, 12, 13]) < 9.3).all()  # apical segments of 90 degrees hold parts of it


def test_without_insertion_points_no_segment_has_a_number_but_the_apex():
    ed = rings_at(cylinder(rv=False), 0)
    rows = wall_values(ed, ed, np.nan, (5.0, 7.0), "")
    assert {one.reason for one in rows if one.segment != "17"} == {NO_SEPTUM}
    assert all(np.isnan(one.value) for one in rows if one.segment != "17")
