import numpy as np
import pytest

from cmr_ssl.anatomy import LV, UNLABELLED
from cmr_ssl.export.labelled_frames import StackPlanes, labelled_frames, stack_grid
from tests.caches import SIZE, prepared

SLICES = 4


def stack(labelled, cavity=None, **changes):
    """Return a stack of which (plane, frame) are labelled with `cavity` pixels of LV at each frame."""
    planes = prepared(SLICES, ("la_4ch",), labelled=labelled)
    labels = np.zeros_like(planes.labels)
    for row, (_, frame) in enumerate(labelled):
        labels[row].flat[: (cavity or {}).get(frame, 5)] = LV
    to_heart = np.array([[0, 1, 0, 7], [-1, 0, 0, 3], [0, 0, 1, -5], [0, 0, 0, 1.0]])
    planes = planes._replace(labels=labels, to_heart=to_heart)
    return StackPlanes(*(getattr(planes._replace(**changes), name) for name in StackPlanes._fields))


def whole(*frames):
    return [(plane, frame) for plane in range(SLICES) for frame in frames]


def test_voxels_lie_where_the_planes_lie_in_the_scanner():
    planes = stack(whole(0))
    (frame,) = labelled_frames(planes, every=False)
    for plane in range(SLICES):
        where = planes.affine[plane].astype(float) @ [3, 11, 0, 1]
        column, row, place, _ = np.linalg.solve(planes.to_heart @ frame.affine, where)
        assert (column, row, place) == pytest.approx((3, 11, round(place)), abs=1e-4)
        assert np.array_equal(frame.image[:, :, round(place)].T, planes.images[plane, 0])


def test_frames_are_those_of_most_and_least_cavity_among_the_wholly_labelled():
    labelled = [*whole(1, 3, 5, 6), (0, 7), (4, 2)]  # one slice at frame 7, a long axis at frame 2
    planes = stack(labelled, {1: 20, 3: 40, 5: 10, 6: 15, 7: 90})
    assert [one.frame for one in labelled_frames(planes, every=False)] == [3, 5]
    assert [one.frame for one in labelled_frames(planes, every=True)] == [1, 3, 5, 6]


def test_a_slice_that_is_missing_or_unlabelled_is_nowhere_labelled():
    planes = stack([(plane, 0) for plane in (0, 1)])
    planes = planes._replace(view=np.array([0, 0, 1, 0, 3], np.uint8))  # the third is no slice of the stack
    (frame,) = labelled_frames(planes, every=False)
    assert frame.image.shape == (SIZE, SIZE, SLICES)
    assert not frame.image[..., 1].any()  # the base is the first plane and the last place
    assert (frame.labels == UNLABELLED).all(axis=(0, 1)).tolist() == [True, True, False, False]


def test_slices_in_any_order_make_the_same_stack():
    planes, order = stack(whole(0)), [2, 0, 3, 1, 4]
    mixed = planes._replace(images=planes.images[order], affine=planes.affine[order])
    (one,), (other,) = labelled_frames(planes, every=False), labelled_frames(mixed, every=False)
    assert np.allclose(one.affine, other.affine)
    assert np.array_equal(one.image, other.image)


@pytest.mark.parametrize(("row", "shift"), [(0, 2.0), (2, -3.0)])
def test_what_is_no_regular_stack_is_refused(row, shift):
    planes = stack(whole(0))
    affine = planes.affine.copy()
    affine[1, row, 3] += shift
    with pytest.raises(ValueError, match="no regular stack"):
        stack_grid(planes._replace(affine=affine))
    affine[1] = affine[0]
    with pytest.raises(ValueError, match="at the same place"):
        stack_grid(planes._replace(affine=affine))


def test_without_labels_on_the_stack_there_is_no_frame():
    with pytest.raises(ValueError, match="no short-axis slice is labelled"):
        labelled_frames(stack([(4, 0)]), every=True)
