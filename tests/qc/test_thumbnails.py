import io
import re

import numpy as np
from PIL import Image

from cmr_ssl.qc.thumbnails import histogram, thumbnail
from tests.preparation.checks.synthetic_planes import subject


def test_a_thumbnail_shows_a_plane_between_its_neighbours():
    widths = [Image.open(io.BytesIO(thumbnail(subject(), plane))).width for plane in (0, 4, 9)]
    step = widths[1] - widths[0]
    assert step > 50  # the first slice has one neighbour, an inner one two, a long-axis view none
    assert widths[0] - widths[2] == step


def test_a_histogram_draws_every_value_once():
    drawn = histogram("a < b", np.array([1.0, 1.0, 2.0, np.nan]))
    heights = sorted(float(height) for height in re.findall(r'height="([\d.]+)"/>', drawn))
    assert heights[-2:] == [35.0, 70.0]
    assert sum(heights[:-2]) == 0
    assert "a &lt; b: 1 to 2, median 1, N 3" in drawn


def test_a_limit_is_a_line_where_it_lies_and_nothing_known_is_nothing_drawn():
    assert 'x1="130.0"' in histogram("x", np.array([0.0, 1.0]), 0.5)
    assert 'x1="260.0"' in histogram("x", np.array([0.0, 1.0]), 2.0)
    assert histogram("x", np.array([])) == histogram("x", np.array([np.nan])) == ""
