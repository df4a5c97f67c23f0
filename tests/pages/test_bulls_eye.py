import re

import numpy as np

from cmr_ssl.measures import Value
from cmr_ssl.pages.bulls_eye import bulls_eyes


def test_segments_lie_where_the_heart_association_puts_them():
    lines = [Value("wall thickness", str(one), "ED", float(one), "mm") for one in range(1, 17)]
    (eye,) = bulls_eyes([*lines, Value("wall thickness", "17", "ED", np.nan, "mm", "unseen")])
    place = {part.title.split(":")[0]: (part.x, -part.y) for part in eye.parts}
    assert place["1 basal anterior"][1] == max(y for _, y in place.values())
    assert place["4 basal inferior"][1] == min(y for _, y in place.values())
    assert place["14 apical septal"][0] < 0 < place["16 apical lateral"][0]
    assert place["2 basal anteroseptal"][0] < 0 < place["2 basal anteroseptal"][1]
    unknown = eye.parts[-1]
    assert (unknown.text, unknown.title) == ("", "17 apex: not measurable")
    assert eye.mean == "mean 8.5 mm"


def test_outlines_of_a_ring_fill_it_exactly():
    lines = [Value("wall thickness", str(one), "ED", 9.0, "mm") for one in range(1, 18)]
    (eye,) = bulls_eyes(lines)
    corners = [re.findall(r"[ML](-?[\d.]+),(-?[\d.]+)", part.path) for part in eye.parts[:6]]
    radii = {round(float(np.hypot(float(x), float(y)))) for corner in corners for x, y in corner}
    assert radii == {98, 70}
    starts = sorted(round(np.degrees(np.arctan2(-float(c[0][1]), float(c[0][0])))) % 360 for c in corners)
    assert np.diff(starts).tolist() == [60] * 5
