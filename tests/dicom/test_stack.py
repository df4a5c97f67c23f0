import numpy as np
import pytest

from cmr_ssl.dicom.header import LPS_TO_RAS
from cmr_ssl.dicom.stack import single_plane, stack_slices
from tests.dicoms import PIXEL_MM, SIDE, cine, codes, grid, stack_affines
from tests.studies import AXES, long_axis, plane, short_axis

DOWN = -AXES[2] * [-1, -1, 1]


def slices(affines=None):
    return [cine(affine, f"b{index}") for index, affine in enumerate(affines or stack_affines())]


def moved(affine, by):
    """Return a plane moved by mm in RAS+."""
    affine = affine.copy()
    affine[:3, 3] += by
    return affine


def test_a_clean_stack_is_where_its_slices_are():
    stack, findings = stack_slices(slices(), DOWN)
    expected = short_axis((SIDE, SIDE, 4), PIXEL_MM)
    assert LPS_TO_RAS @ stack.affine == pytest.approx(expected, abs=1e-6)
    assert stack.shape == (SIDE, SIDE, 4, 8)
    assert stack.grids == (None,) * 4
    assert stack.frame_ms == pytest.approx(100.0)
    assert not findings


def changed(index, by, count=5):
    """Return the planes of a stack of which one was moved by mm in RAS+, or left out where `by` is None."""
    affines = stack_affines(count)
    return affines[:index] + ([] if by is None else [moved(affines[index], by)]) + affines[index + 1 :]


@pytest.mark.parametrize(
    ("by", "hole", "said", "value"),
    [
        (None, True, ["missing-slice"], 10.0),
        (-1.5 * AXES[2], False, ["uneven-slices"], 1.2),  # off the line of best fit
        (-4.5 * AXES[2], True, ["off-grid", "missing-slice"], 4.5),
    ],
)
def test_a_slice_that_is_missing_or_between_two_places_leaves_a_hole_and_one_not_quite_in_its_place_does_not(
    by, hole, said, value
):
    stack, findings = stack_slices(slices(changed(2, by)), DOWN)
    assert [one is None for one in stack.slices] == [False, False, hole, False, False]
    assert codes(findings) == said
    assert abs(findings[0].value) == pytest.approx(value, abs=0.2)


@pytest.mark.parametrize("index", [0, 1])
def test_a_slice_shifted_in_its_plane_keeps_its_own_grid_be_it_the_first(index):
    stack, findings = stack_slices(slices(changed(index, 3.0 * AXES[0], 4)), DOWN)
    assert [own is not None for own in stack.grids] == [one == index for one in range(4)]
    assert [(found.code, found.where) for found in findings] == [("resampled-slice", f"sa slice {index}")]
    assert findings[0].value == pytest.approx(3.0)
    assert LPS_TO_RAS @ stack.affine == pytest.approx(short_axis((SIDE, SIDE, 4), PIXEL_MM), abs=1e-6)


def test_a_slice_of_another_size_keeps_its_own_grid():
    *cines, last = slices()
    stack, findings = stack_slices([*cines, last._replace(grid=grid(stack_affines()[3], (SIDE, SIDE - 2)))], DOWN)
    assert stack.shape[:2] == (SIDE, SIDE)
    assert [own is None for own in stack.grids] == [True, True, True, False]
    assert codes(findings) == ["resampled-slice"]


def test_a_tilted_slice_is_said():
    affines = stack_affines()
    middle = affines[2] @ [(SIDE - 1) / 2, (SIDE - 1) / 2, 0, 1]
    column = AXES[[0, 2]].T @ [-np.cos(np.radians(3.0)), np.sin(np.radians(3.0))]
    tilted = plane(column, -AXES[1], np.cross(column, -AXES[1]), middle[:3], (SIDE, SIDE, 1), PIXEL_MM)
    _, findings = stack_slices(slices([*affines[:2], tilted, affines[3]]), DOWN)
    (found,) = [found for found in findings if found.code == "tilted-slice"]
    assert (found.where, found.value) == ("sa slice 2", pytest.approx(3.0))


def test_one_slice_is_as_thick_as_it_says():
    stack, _ = stack_slices(slices()[:1], DOWN)
    assert np.linalg.norm(stack.affine[:3, 2]) == pytest.approx(8.0)
    plane = single_plane("la_2ch", cine(long_axis("la_2ch", (SIDE, SIDE, 1), PIXEL_MM), "2ch", thickness=6.0))
    assert LPS_TO_RAS @ plane.affine == pytest.approx(long_axis("la_2ch", (SIDE, SIDE, 1), PIXEL_MM))


@pytest.mark.parametrize(("kept", "said"), [(np.s_[:], []), (np.s_[::2], ["far-apart"])])
def test_a_stack_of_every_second_slice_is_said(kept, said):
    _, findings = stack_slices(slices()[kept], DOWN)
    assert codes(findings) == said
