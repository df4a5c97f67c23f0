import numpy as np
import pytest

from cmr_ssl import trust
from cmr_ssl.anatomy import LA, LV
from cmr_ssl.planes import LONG_AXIS, VIEWS
from cmr_ssl.preparation.preparation import METHOD
from cmr_ssl.study import Finding, Series, Study
from cmr_ssl.tasks.trained import Trained
from cmr_ssl.trust import compare_with_training, cut_off, planes_left_out, problems, unsized, without_short_axis
from cmr_ssl.volumes import LabelMap
from tests.caches import prepared

SLOTS = {"sa": 6, "la_4ch": 1}
NO_SHORT_AXIS = [Finding("unreadable", "rejected", "sa", "sa.nii.gz is damaged")]


def trained(synthetic=False, studies=40, **planes):
    return Trained(None, SLOTS, {}, {}, synthetic, {"studies": studies, "planes": planes})


def test_a_model_that_has_only_seen_synthetic_hearts_or_crops_that_lay_elsewhere_says_so():
    study = prepared(5, LONG_AXIS)
    assert compare_with_training(trained(), study) == []
    (said,) = compare_with_training(trained(synthetic=True), study)
    assert "only seen synthetic hearts" in said.message
    (said,) = problems(compare_with_training(trained()._replace(method=METHOD - 1), study))
    assert "earlier version" in said.message
    assert trust.unlike_training([said])


@pytest.mark.parametrize(("slices", "flagged"), [(0, True), (3, True), (4, False), (7, False), (8, False), (9, True)])
def test_other_numbers_of_planes_than_in_training_are_a_problem(slices, flagged):
    found = compare_with_training(trained(sa=[5, 7], la_4ch=[0, 1], la_3ch=[0, 0]), prepared(slices, LONG_AXIS))
    assert [one.where for one in problems(found)] == ["sa"] * flagged
    assert compare_with_training(trained(studies=5, sa=[5, 5]), prepared(slices, LONG_AXIS)) == []  # too few to tell


def test_planes_a_model_has_no_room_for_are_named():
    assert planes_left_out(trained(), prepared(6, LONG_AXIS)) == []
    (found,) = planes_left_out(trained(), prepared(8, LONG_AXIS))
    assert found.where == "sa"
    assert found.message.startswith("2 of 8 planes are not looked at")


@pytest.mark.parametrize(
    ("planes", "slices", "told"), [({}, 0, True), ({"sa": [5, 9]}, 0, True), ({"sa": [0, 9]}, 0, False), ({}, 1, False)]
)
def test_without_the_short_axis_nothing_is_told_unless_training_knew_such_studies(planes, slices, told):
    why = without_short_axis(trained(**planes), prepared(slices, LONG_AXIS), NO_SHORT_AXIS)
    assert bool(why) == told
    assert ("sa.nii.gz is damaged" in why) == told


def test_notes_are_no_problem_unless_a_view_may_lie_elsewhere_and_whatever_was_repaired_or_rejected_is():
    severities = ("noted", "repaired", "rejected")
    found = problems(Finding("still", severity, "sa", severity) for severity in severities)
    assert [one.message for one in found] == ["repaired", "rejected"]
    assert problems([Finding("sform-qform", "noted", "la_4ch", "sform and qform disagree by up to 33 mm")])


@pytest.mark.parametrize(("frames", "cut"), [(8, True), (3, True), (1, False), (0, False)])
@pytest.mark.parametrize("of_images", [True, False])
def test_what_reaches_the_edge_of_the_crop_or_of_the_images_is_cut_off(frames, cut, of_images):
    labels, view = np.zeros((3, 8, 16, 16), np.uint8), np.array([0, 0, VIEWS.index("la_4ch")])
    labels[:, :, 4:9, 4:9] = LV
    inner = labels.copy()
    labels[1, :frames, 4:9, 0] = LV
    labels[2, :, 0, :5] = LV  # a ventricle is measured in the short axis alone
    labels[2, :frames, 0, :5] = LA
    crops, images = (inner, labels) if of_images else (labels, inner)
    maps = {name: LabelMap(images[own].swapaxes(0, 1), np.eye(4)) for name, own in (("sa", [0, 1]), ("la_4ch", [2]))}
    found = cut_off(crops, maps, view)
    assert found.keys() == ({"LV", "LA"} if cut else set())
    assert all(("images" if of_images else "crop") in why for why in found.values())


@pytest.mark.parametrize(
    ("code", "size", "told"), [("no-orientation", 1.0, True), ("no-orientation", 1.4, False), ("", 1.0, False)]
)
def test_nothing_is_measured_where_pixels_have_no_size(code, size, told):
    one = Series("sa", np.zeros((4, 4, 2, 2)), np.diag([size, size, size, 1.0]), np.nan, np.ones((2, 2), bool))
    assert bool(unsized(Study("s", [one]), [Finding(code, "repaired", "sa", "")])) == told
