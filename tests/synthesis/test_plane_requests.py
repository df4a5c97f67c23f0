import numpy as np
import pytest

from cmr_ssl.planes import LONG_AXIS, normal, slice_affine, spacing, to_mm, to_pixels
from cmr_ssl.preparation.preparation import Preparation, prepare_study
from cmr_ssl.preparation.views import turned
from cmr_ssl.synthesis.plane_requests import Dense, Like, LongAxis, parse_planes
from tests import studies
from tests.caches import SPACING_MM, heights, prepared

Z = np.array([0.0, 0.0, 1.0])


def test_a_dense_stack_goes_down_in_steps_of_2_mm_from_above_the_first_slice_to_below_the_last():
    heart = prepared(4, ("la_4ch",))
    (stack,) = parse_planes("dense").stacks(heart, SPACING_MM)
    z = stack.planes()[:, 2, 3]
    np.testing.assert_allclose(np.diff(z), -2.0, atol=1e-6)
    assert (z[0], z[-1]) == pytest.approx((heights(4)[0] + 5, heights(4)[-1] - 5), abs=1e-5)
    np.testing.assert_allclose(stack.planes()[:, :, :2], np.broadcast_to(heart.affine[0, :, :2], (stack.slices, 4, 2)))
    np.testing.assert_allclose(stack.planes()[:, :2, 3], np.broadcast_to(heart.affine[0, :2, 3], (stack.slices, 2)))


def test_a_dense_stack_of_a_single_slice_surrounds_it_and_without_one_there_is_none():
    (stack,) = Dense().stacks(prepared(1, ()), SPACING_MM)
    np.testing.assert_allclose(stack.planes()[:, 2, 3], [5, 3, 1, -1, -3, -5], atol=1e-6)
    with pytest.raises(ValueError, match="needs a short axis"):
        Dense().stacks(prepared(0, LONG_AXIS), SPACING_MM)


@pytest.mark.parametrize("views", [(), LONG_AXIS])
def test_long_axis_planes_hold_the_long_axis_at_their_angle(views):
    wanted = parse_planes("la:0,30,77.5,150,-40")
    assert wanted == LongAxis((0.0, 30.0, 77.5, 150.0, -40.0))
    stacks = wanted.stacks(prepared(2, views), SPACING_MM)
    assert [stack.name for stack in stacks] == [f"synthetic_la_{angle}" for angle in ("0", "30", "77.5", "150", "-40")]
    axis = np.outer([-60.0, 0.0, 45.0], Z)
    middle = np.full((1, 2), 7.5)
    for angle, stack in zip(wanted.degrees, stacks, strict=True):
        assert stack.slices == 1
        np.testing.assert_allclose(to_mm(stack.affine, to_pixels(stack.affine, axis)), axis, atol=1e-6)
        np.testing.assert_allclose(to_mm(stack.affine, middle), 0, atol=1e-6)
        np.testing.assert_allclose(spacing(stack.affine), SPACING_MM)
        along = np.cross(Z, normal(stack.affine))
        assert (np.degrees(np.arctan2(along[1], along[0])) - angle + 90) % 180 - 90 == pytest.approx(0, abs=1e-6)


def test_a_long_axis_plane_at_an_acquired_angle_stands_as_that_one():
    heart = prepared(2, LONG_AXIS)
    (stack,) = LongAxis((30.0,)).stacks(heart, SPACING_MM)
    np.testing.assert_allclose(stack.affine[:3, :2], heart.affine[3, :3, :2], atol=1e-5)
    np.testing.assert_allclose(stack.affine[:3, 3], heart.affine[3, :3, 3], atol=1e-5)


def test_the_angle_is_the_one_by_which_views_are_told_apart():
    heart, _, _ = prepare_study(studies.study(), Preparation(size=16, spacing_mm=8.0, frames=8))
    (stack,) = LongAxis((40.0,)).stacks(heart, 8.0)
    in_scanner = np.linalg.inv(heart.to_heart) @ stack.affine
    assert turned(in_scanner, heart.to_heart[2, :3]) == pytest.approx(40, abs=1e-6)


@pytest.mark.parametrize("view", ["sa", "la_3ch"])
def test_planes_like_a_files_lie_on_its_planes_and_on_its_rows_and_columns(view, tmp_path):
    heart, _, _ = prepare_study(studies.study(), Preparation(size=16, spacing_mm=8.0, frames=8))
    tilted = studies.series(view, frames=2)
    path = tmp_path / "other.nii.gz"
    studies.write_image(path, tilted.pixels, tilted.affine)
    wanted = parse_planes(f"like:{path}")
    (stack,) = wanted.stacks(heart, 8.0)
    assert (stack.name, stack.slices) == ("synthetic_like_other", tilted.pixels.shape[2])
    for index, plane in enumerate(stack.planes()):
        source = slice_affine(tilted.affine, index)
        corners = to_mm(np.linalg.inv(heart.to_heart) @ plane, np.array([[0.0, 0.0], [15.0, 0.0], [0.0, 15.0]]))
        assert np.abs((corners - source[:3, 3]) @ normal(source)).max() < 0.01
        steps = to_pixels(source, corners) * spacing(source)
        np.testing.assert_allclose(steps[1:] - steps[0], [[120, 0], [0, 120]], atol=0.01)


def test_a_file_of_somebody_elses_heart_is_refused():
    heart, _, _ = prepare_study(studies.study(), Preparation(size=16, spacing_mm=8.0, frames=8))
    affine = studies.short_axis(at=studies.CENTRE + 300 * studies.AXES[2])
    with pytest.raises(ValueError, match=r"sa passes 2\d\d mm from the heart's centre"):
        Like("sa", affine, 9).stacks(heart, 8.0)


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (
            ("", "sparse", "la:", "like:", "la", "dense:3"),
            "asks for nothing known: give dense, la:ANGLES such as la:0,30",
        ),
        (("la:30,x", "la:30,,60"), "lists no angles"),
        (("la:nan",), "numbers"),
        (("la:5,5.0",), "once"),
    ],
)
def test_anything_else_is_answered_with_what_may_be_said(texts, sentence):
    for text in texts:
        with pytest.raises(ValueError, match=sentence):
            parse_planes(text)


def test_a_file_must_be_there_and_have_a_place(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        parse_planes(f"like:{tmp_path / 'no.nii.gz'}")
    studies.write_image(tmp_path / "flat.nii.gz", np.zeros((20, 20, 2, 2), np.int16), np.eye(4), code=0)
    with pytest.raises(ValueError, match="has no orientation"):
        parse_planes(f"like:{tmp_path / 'flat.nii.gz'}")
