import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from cmr_ssl.planes import APEX_TO_BASE_RAS, LONG_AXIS
from cmr_ssl.preparation.views import apex_to_base, beside_heart, misplaced, turned
from tests.studies import AXES, CENTRE, DEGREES, long_axis, series, short_axis, study


def found(made):
    return {(one.code, one.severity, one.where) for one in misplaced(made.series, apex_to_base(made.series))}


def with_affine(made, view, affine):
    for one in made.series:
        if one.view == view:
            one.affine = affine
    return made


@pytest.mark.parametrize("views", [("sa", *LONG_AXIS), ("sa",), LONG_AXIS, ("la_4ch",), ("sa", "la_2ch")])
def test_an_honest_study_is_not_accused_and_its_axis_points_to_the_base(views):
    made = study(views)
    assert found(made) == set()
    np.testing.assert_allclose(apex_to_base(made.series), AXES[2], atol=1e-2)


def test_the_axis_points_to_the_base_whatever_the_slice_order():
    axis = apex_to_base([series("sa", affine=short_axis(first="apex"))])
    np.testing.assert_allclose(axis, AXES[2], atol=1e-9)


def test_an_oblique_axis_is_that_of_the_short_axis_not_that_of_the_mean_body():
    oblique = short_axis()
    oblique[:3, :3] = Rotation.from_rotvec(25 * AXES[0], degrees=True).as_matrix() @ oblique[:3, :3]
    axis = apex_to_base([series("sa", affine=oblique)])
    assert np.degrees(np.arccos(axis @ APEX_TO_BASE_RAS)) == pytest.approx(25, abs=1)


@pytest.mark.parametrize("views", [("sa", *LONG_AXIS), ("sa", "la_2ch")])  # between two views the body decides
@pytest.mark.parametrize("liar", ["sa", "la_2ch"])
def test_a_view_with_the_name_of_the_other_kind_is_set_aside_alone(liar, views):
    lie = long_axis("la_2ch", (72, 64, 9)) if liar == "sa" else short_axis((64, 72, 1))
    assert found(with_affine(study(views), liar, lie)) == {("misplaced-view", "rejected", liar)}


def test_two_exchanged_long_axis_views_are_set_aside_and_a_single_one_in_another_place_is_noted():
    made = with_affine(study(), "la_2ch", long_axis("la_4ch"))
    made = with_affine(made, "la_4ch", long_axis("la_2ch"))
    assert found(made) == {("swapped-view", "rejected", "la_2ch"), ("swapped-view", "rejected", "la_4ch")}
    made = with_affine(study(("sa", "la_2ch")), "la_2ch", long_axis("la_4ch"))
    assert found(made) == {("swapped-view", "noted", "la_2ch")}


@pytest.mark.parametrize("view", LONG_AXIS)
def test_a_plane_is_turned_as_it_was_built_whichever_way_its_axes_run(view):
    flipped = long_axis(view) @ np.diag([-1, 1, 1, 1])
    for affine in (long_axis(view), flipped):
        assert turned(affine, AXES[2]) == pytest.approx(DEGREES[view], abs=1e-6)


def test_a_plane_beside_the_heart_is_set_aside():
    made = study(LONG_AXIS)
    normal_2ch = -AXES[0]
    made = with_affine(made, "la_2ch", long_axis("la_2ch", at=CENTRE + 70 * normal_2ch))
    assert [(one.code, one.where) for one in beside_heart(made.series, CENTRE)] == [("beside-heart", "la_2ch")]
