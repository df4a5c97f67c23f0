from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from cmr_ssl.anatomy import COLOURS, LV, MYOCARDIUM, RV
from cmr_ssl.pages import cines
from cmr_ssl.planes import SHORT_AXIS
from cmr_ssl.sources.label_folder import LabelledHeart, LabelledView
from cmr_ssl.study import Series, Study
from cmr_ssl.volumes import LabelMap
from tests.labelled import STACK, heart


@pytest.fixture(scope="module")
def beating():
    labels = heart()
    series = Series(SHORT_AXIS, labels * 40, STACK, 50.0, np.ones(labels.shape[2:], dtype=bool))
    view = LabelledView(LabelMap(labels.T, STACK), 50.0, {}, True, ())
    return Study("1", [series]), LabelledHeart({SHORT_AXIS: view}, {})


def test_basal_mid_and_apical_slice_are_found_whichever_way_slices_run(beating):
    view = beating[1].views[SHORT_AXIS].map
    basal, mid, apical = cines.levels(view).values()
    assert basal < mid < apical  # this stack begins at the base
    turned = STACK.copy()
    turned[:3, 2] *= -1
    assert [*cines.levels(LabelMap(view.labels, turned)).values()] == pytest.approx([apical, mid, basal], abs=1)


def test_an_animation_lasts_one_beat_and_shows_every_frame(beating):
    tiles = cines.tiles(*beating)
    assert len(tiles) == 3
    with Image.open(BytesIO(cines.webp(cines.frames(tiles, 20), 1000.0))) as animation:
        assert animation.n_frames == 20
        assert animation.size == (3 * cines.TILE + 2 * cines.GAP, cines.TILE)
        animation.seek(1)
        animation.load()
        assert animation.info["duration"] == 50


def test_borders_lie_where_the_structure_ends(beating):
    tile = cines.tiles(*beating)[1]
    picture = np.asarray(cines.draw_tile(tile, 0)).astype(int)
    for value in (LV, RV, MYOCARDIUM):
        red = np.abs(picture - COLOURS[value]).sum(axis=-1) < 60
        inside = cines._enlarged((tile.labels[0] == value).astype(np.float32), tile.box) > 0.5
        if value == MYOCARDIUM:
            inside |= cines._enlarged((tile.labels[0] == LV).astype(np.float32), tile.box) > 0.5
        edge = np.hypot(*np.gradient(inside.astype(float))) > 0
        rows, columns = np.nonzero(red)
        near = [edge[max(0, r - 4) : r + 5, max(0, c - 4) : c + 5].any() for r, c in zip(rows, columns, strict=True)]
        assert len(near) > 60
        assert np.mean(near) > 0.97


def test_images_of_another_grid_than_the_labels_are_not_drawn(beating):
    study, labelled = beating
    other = study.copy()
    other.series[0].pixels = other.series[0].pixels[:, :, :-1]
    assert cines.tiles(other, labelled) == []
