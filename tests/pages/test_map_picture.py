import io

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from cmr_ssl.pages.map_columns import COLOURS, MISSING, CategoryColumn, NumberColumn
from cmr_ssl.pages.map_picture import map_picture, scale_colours

PLACES = np.random.default_rng(0).normal(0, 1, (60, 2)).astype(np.float32)


def test_numbers_become_lighter_evenly():
    linear = np.array([to_rgb(colour) for colour in scale_colours()]) ** 2.2
    lightness = np.cbrt(linear @ [0.2126, 0.7152, 0.0722])
    assert (np.diff(lightness) > 0).all()
    sevenths = np.diff(lightness[::9])
    assert sevenths.max() < 1.5 * sevenths.min()


@pytest.mark.parametrize(
    "column",
    [
        NumberColumn("_LV$EF$ (%)", np.where(np.arange(60) % 2, np.nan, 1).astype(np.float32), 1.0, 1.0),
        CategoryColumn("site", (np.arange(60) % 2 - 1).astype(np.int16), ["_<b>$"], [30], [COLOURS[0]]),
        None,
    ],
)
def test_known_and_missing_subjects_are_drawn_whatever_the_names(column, fine_figures):
    picture = np.asarray(Image.open(io.BytesIO(map_picture(PLACES, column))).convert("RGB"))
    missing = np.array(to_rgb(MISSING)) * 255
    assert (np.abs(picture - missing).max(axis=-1) < 2).any() == (column is not None)
    assert (picture.std(axis=-1) > 5).any()
