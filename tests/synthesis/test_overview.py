import numpy as np

from cmr_ssl.synthesis.overview import plane_places, row
from cmr_ssl.synthesis.plane_requests import parse_planes
from tests.caches import SPACING_MM, prepared


def test_planes_are_named_by_their_height_or_request_and_rows_are_as_wide_as_the_widest_one():
    (stack,) = parse_planes("dense").stacks(prepared(1, ()), SPACING_MM)
    assert plane_places(stack) == ["+5 mm", "+3 mm", "+1 mm", "-1 mm", "-3 mm", "-5 mm"]
    (plane,) = parse_planes("la:30").stacks(prepared(1, ()), SPACING_MM)
    assert plane_places(plane) == ["la 30"]
    narrow, wide = (row("a", np.zeros((planes, 8, 8), np.uint8), ["x"] * planes, 6) for planes in (2, 6))
    assert narrow.size == wide.size
