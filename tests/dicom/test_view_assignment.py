import numpy as np
import pytest

from cmr_ssl.dicom.view_assignment import group_parallel, name_views, view_in_name
from cmr_ssl.planes import LONG_AXIS, SHORT_AXIS
from tests.dicoms import NAMES, cine, codes, stack_affines
from tests.studies import AXES, DEGREES, around_axis, long_axis, plane

SHAPE = (16, 16, 1)


def short(count=4, name=NAMES[SHORT_AXIS]):
    return [cine(affine, name.format(index + 1)) for index, affine in enumerate(stack_affines(count))]


def long(view, name=None):
    return cine(long_axis(view, SHAPE, 12.0), NAMES[view] if name is None else name)


def turned(degrees, name):
    return cine(around_axis(degrees, SHAPE, 12.0), name)


def sizes(named):
    return {view: len(cines) for view, cines in named.views.items()}


WHOLE = {SHORT_AXIS: 4, "la_2ch": 1, "la_3ch": 1, "la_4ch": 1}


@pytest.mark.parametrize(
    ("name", "view"),
    [(NAMES[view].format(3), view) for view in NAMES]
    + [
        ("SSFP-CINE SAx", SHORT_AXIS),
        ("tf2d 4 chamber", "la_4ch"),
        ("CINE_segmented_LAX", ""),
        ("", ""),
        ("sax 2ch", ""),
    ],
)
def test_names_hint_at_one_view_or_none(name, view):
    assert view_in_name(name) == view


@pytest.mark.parametrize("names", [(None, NAMES["sa"]), ("", ""), ("CINE_segmented_LAX", "CINE_segmented_SAX")])
def test_names_and_planes_agree_and_without_names_or_in_mixed_series_the_planes_decide(names):
    named = name_views([*(long(view, names[0]) for view in LONG_AXIS), *short(name=names[1])])
    assert sizes(named) == WHOLE
    assert not named.findings
    assert named.axis @ AXES[2] == pytest.approx(1.0)
    for view in LONG_AXIS:
        assert named.views[view][0].grid == long(view).grid


def test_swapped_names_are_put_right_and_said():
    named = name_views([long("la_2ch", NAMES["la_4ch"]), long("la_4ch", NAMES["la_2ch"]), long("la_3ch"), *short()])
    assert sizes(named) == WHOLE
    assert named.views["la_2ch"][0].grid == long("la_2ch").grid
    assert sorted(found.where for found in named.findings) == ["la_2ch", "la_4ch"]
    assert set(codes(named.findings)) == {"wrong-name"}
    assert named.findings[0].value == pytest.approx(60.0)


@pytest.mark.parametrize(
    ("cines", "where"),
    [
        ([*map(long, LONG_AXIS), *short(3), short()[3]._replace(name=NAMES["la_2ch"])], "sa"),
        ([long("la_2ch"), long("la_3ch"), long("la_4ch", "CINE_segmented_SAX_b9"), *short()], "la_4ch"),
    ],
)
def test_a_slice_called_long_axis_belongs_to_the_stack_and_a_long_axis_called_short_axis_is_found(cines, where):
    named = name_views(cines)
    assert sizes(named) == WHOLE
    assert [(found.code, found.where) for found in named.findings] == [("wrong-name", where)]


@pytest.mark.parametrize("off", [-35, -20, 20, 35])
def test_a_name_stands_where_people_differ(off):
    named = name_views([turned(DEGREES["la_2ch"] + off, NAMES["la_2ch"]), *short()])
    assert "la_2ch" in named.views


def test_long_axis_planes_alone_find_their_names_too():
    named = name_views([long(view, "CINE_segmented_LAX") for view in LONG_AXIS])
    assert sizes(named) == {view: 1 for view in LONG_AXIS}
    for view in LONG_AXIS:
        assert named.views[view][0].grid == long(view).grid
    assert abs(named.axis @ AXES[2]) == pytest.approx(1.0)


def test_a_plane_that_is_neither_is_set_aside_and_nothing_has_no_views():
    across, along = AXES[0] + AXES[2], AXES[1]
    oblique = cine(plane(along, np.cross(across, along), across, np.zeros(3), SHAPE, 12.0), "CINE_other")
    named = name_views([oblique, *short()])
    assert sizes(named) == {SHORT_AXIS: 4}
    assert [(found.code, round(found.value)) for found in named.findings] == [("other-plane", 45)]
    assert not name_views([]).views


def test_stacks_are_parallel_within_five_degrees():
    cines = [turned(angle, "x") for angle in (0, 3, 10, 12, 90)]
    assert [len(stack) for stack in group_parallel(cines)] == [2, 2, 1]


def stack(across, along, name, count=8, at=(0.0, 0.0, 0.0)):
    """Return parallel planes, 8 mm apart."""
    down = np.cross(across, along)
    places = [np.array(at) + 8.0 * index * across for index in range(count)]
    return [cine(plane(along, down, across, place, SHAPE, 12.0), name) for place in places]


LONG_STACKS = {view: stack(np.cross(np.cos(a) * AXES[0] + np.sin(a) * AXES[1], -AXES[2]), AXES[2], "") for view, a in
               ((view, np.radians(DEGREES[view])) for view in LONG_AXIS)}  # fmt: skip
SURVEY = {"axial": (2, 0), "coronal": (1, 0), "sagittal": (0, 1)}


@pytest.mark.parametrize("name", ["", "cine", "LAX", "4ch"])
def test_stacks_along_the_heart_are_no_short_axis_and_displace_none_that_is_smaller(name):
    for views in (["la_4ch"], ["la_2ch", "la_4ch"], LONG_AXIS):
        named = name_views([one._replace(name=name) for view in views for one in LONG_STACKS[view]])
        assert SHORT_AXIS not in named.views
        assert named.views
    for called in (name, "CINE_segmented_LAX_4Ch"):
        named = name_views([*short(4, name=""), *(one._replace(name=called) for one in LONG_STACKS["la_4ch"])])
        assert (sizes(named)[SHORT_AXIS], sizes(named)["la_4ch"]) == (4, 8)


@pytest.mark.parametrize("survey", SURVEY)
def test_a_survey_is_no_short_axis(survey):
    across, along = (np.eye(3)[axis] for axis in SURVEY[survey])
    assert SHORT_AXIS not in name_views(stack(across, along, "", count=20)).views
    assert sizes(name_views([*stack(across, along, "", count=20), *short(4, name="")]))[SHORT_AXIS] == 4


def test_a_stack_called_short_axis_is_one_wherever_the_heart_points():
    assert sizes(name_views(stack(-AXES[0], AXES[1], "SAX", count=6))) == {SHORT_AXIS: 6}


def test_a_heart_on_the_other_side_is_known_by_its_planes():
    mirror = np.diag([-1.0, 1.0, 1.0])
    normals = [mirror @ (planes[0].normal * [-1, -1, 1]) for planes in LONG_STACKS.values()]
    long_planes = [one for normal in normals for one in stack(normal, mirror @ AXES[2], "", count=1)]
    assert sizes(name_views([*stack(mirror @ AXES[2], mirror @ AXES[0], ""), *long_planes]))[SHORT_AXIS] == 8
