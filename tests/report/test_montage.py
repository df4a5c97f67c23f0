from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageSequence

from cmr_ssl.report.montage import GAP, MARK, NAMES, TITLES, gif, montage, plane_titles, png, stack, tile_of


def planes(*values):
    return np.stack([np.full((8, 8), value, dtype=np.float32) for value in values])


def corner(column, row, tile=32):
    """Return the top left pixel of a tile."""
    return NAMES + column * (tile + GAP), TITLES + row * (tile + GAP)


def test_every_plane_stands_in_its_column_and_every_row_below_the_last():
    picture = montage([("a", planes(0.0, 1.0)), ("b", planes(0.5, 0.25))], ["sa 1", "sa 2"], [False, False], tile=32)
    assert picture.size == (NAMES + 2 * (32 + GAP), TITLES + 2 * (32 + GAP))
    for row, greys in enumerate([(0, 255), (127, 63)]):
        for column, grey in enumerate(greys):
            left, top = corner(column, row)
            assert picture.getpixel((left + 16, top + 16)) == (grey, grey, grey)


def test_marked_planes_are_framed_in_every_row_and_others_are_not():
    picture = montage([("a", planes(1, 1)), ("b", planes(1, 1))], ["sa 1", "sa 2 dropped"], [False, True], tile=32)
    for row in (0, 1):
        assert picture.getpixel(corner(1, row)) == MARK
        assert picture.getpixel(corner(0, row)) == (255, 255, 255)


def test_unknown_pixels_are_never_mistaken_for_black_others_are_clipped_and_may_have_colours():
    plane = planes(0.0)[0]
    plane[:, 4:] = np.nan
    tile = tile_of(plane, 8)
    assert tile.getpixel((0, 0)) == (0, 0, 0)
    assert tile.getpixel((7, 0)) != (0, 0, 0)
    assert tile_of(planes(7.0)[0], 8).getpixel((3, 3)) == (255, 255, 255)
    assert tile_of(planes(-7.0)[0], 8).getpixel((3, 3)) == (0, 0, 0)
    colours = np.zeros((4, 4, 3), np.float32)
    colours[..., 0] = 1.0
    assert tile_of(colours, 8).getpixel((3, 3)) == (255, 0, 0)
    assert tile_of(colours * np.nan, 8).getpixel((3, 3)) == (28, 32, 58)


def test_pictures_are_stacked_in_order():
    above, below = Image.new("RGB", (4, 3), (9, 9, 9)), Image.new("RGB", (4, 5), (200, 0, 0))
    both = stack([above, below])
    assert both.size == (4, 8)
    assert [both.getpixel((2, row)) for row in (2, 3)] == [(9, 9, 9), (200, 0, 0)]


@pytest.mark.parametrize(("frames", "milliseconds"), [(10, 100), (50, 20)])
def test_a_cine_lasts_one_beat_and_repeats_for_ever(frames, milliseconds):
    pictures = [Image.new("RGB", (8, 8), (4 * index, 0, 0)) for index in range(frames)]
    cine = Image.open(BytesIO(gif(pictures, beat_ms=1000)))
    assert cine.n_frames == frames
    assert cine.info["loop"] == 0
    assert {frame.info["duration"] for frame in ImageSequence.Iterator(cine)} == {milliseconds}


def test_a_still_is_kept_exactly():
    picture = montage([("a", planes(0.3, 0.6))], ["x", "y"], [True, False], tile=32)
    assert Image.open(BytesIO(png(picture))).tobytes() == picture.tobytes()


def test_planes_are_named_by_view_and_numbered_where_there_are_several():
    assert plane_titles([1, 3, 0, 0]) == ["la_2ch", "la_4ch", "sa 1", "sa 2"]
