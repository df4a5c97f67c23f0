import numpy as np
import pytest

from cmr_ssl.anatomy import LV, UNLABELLED
from cmr_ssl.planes import VIEWS
from cmr_ssl.report.maps import label_maps, phases
from cmr_ssl.volumes import simpson
from tests.caches import GAP_MM, SPACING_MM, heights, long_axis, short_axis


def study(slices=4, gone=()):
    """Return labels, affines and views of a stack and two long-axis planes; the LV is largest at frame 1."""
    kept = [height for index, height in enumerate(heights(slices)) if index not in gone]
    affine = np.array([short_axis(height) for height in kept] + [long_axis("la_2ch"), long_axis("la_4ch")])
    view = np.array([VIEWS.index(name) for name in ["sa"] * len(kept) + ["la_2ch", "la_4ch"]])
    labels = np.zeros((len(affine), 3, 16, 16), np.uint8)
    for frame, side in enumerate((6, 8, 4)):
        labels[:, frame, :side, :side] = LV
    return labels, affine, view


def test_planes_are_stacked_by_view_with_their_true_distance():
    maps = label_maps(*study())
    shapes = {view: one.labels.shape for view, one in maps.items()}
    assert shapes == {"sa": (3, 4, 16, 16), "la_2ch": (3, 1, 16, 16), "la_4ch": (3, 1, 16, 16)}
    assert np.linalg.norm(maps["sa"].affine[:3, 2]) == pytest.approx(GAP_MM)
    expected = 4 * 64 * SPACING_MM**2 * GAP_MM / 1000
    assert simpson(maps["sa"], LV)[1] == pytest.approx(expected)


def test_a_missing_slice_does_not_stretch_the_others_and_is_there_as_one_that_nobody_labelled():
    assert np.linalg.norm(label_maps(*study(6, gone=(2,)))["sa"].affine[:3, 2]) == pytest.approx(GAP_MM)
    for gone in ((2,), (1, 3), (4,)):
        labels = label_maps(*study(6, gone))["sa"].labels
        blank = [index for index in range(labels.shape[1]) if (labels[:, index] == UNLABELLED).all()]
        assert blank == [index for index in gone if index < 5]
        assert labels.shape[1] == 6
    assert label_maps(*study(6, (0, 5)))["sa"].labels.shape[1] == 4  # beyond the ends nobody knows of any


def test_ed_and_es_are_where_the_ventricle_is_largest_and_smallest():
    maps = label_maps(*study())
    assert phases(maps) == {1: "ED", 2: "ES"}
    assert phases({view: one for view, one in maps.items() if view != "sa"}) == {}
