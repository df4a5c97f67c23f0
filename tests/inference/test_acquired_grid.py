import numpy as np
import pytest

from cmr_ssl.inference.acquired_grid import restore
from cmr_ssl.planes import heart_frame, slice_affine
from cmr_ssl.preparation.crop import place_crop, resample_labels_to_crop
from cmr_ssl.preparation.preparation import Preparation, prepare_study
from cmr_ssl.study import Series
from tests.studies import AXES, CENTRE, plane, study

TO_HEART = heart_frame(CENTRE, AXES[2], AXES[0])
# column, row and slice directions: as acquired, mirrored, with columns and rows exchanged
ORIENTATIONS = [(-AXES[0], -AXES[1], -AXES[2]), (AXES[0], -AXES[1], AXES[2]), (AXES[1], AXES[0], AXES[2])]


def acquired(axes=ORIENTATIONS[0], shape=(60, 52, 3, 4), step=2.0):
    affine = plane(*axes, CENTRE, shape[:3], step)
    return Series("sa", np.zeros(shape, np.uint8), affine, 31.5, np.ones(shape[2:], dtype=bool))


def blobs(shape):
    """Smooth shapes around the middle of every plane that grow with the slice and the frame, (X, Y, S, T)."""
    x, y, s, t = np.indices(shape)
    off = np.hypot((x - shape[0] / 2 + 2) / 1.2, y - shape[1] / 2)
    return (off < shape[1] / 4 + (s + t) / 8).astype(np.uint8) + (off < shape[1] / 6 + t / 8).astype(np.uint8)


def cut_all(labels, where, size, spacing_mm, slices):
    """Cut the labels as preparing does: planes (P, T, H, W) and affines to the heart frame, stored as float32."""
    crops = [place_crop(slice_affine(where.affine, index), CENTRE, size, spacing_mm) for index in slices]
    planes = np.stack(
        [resample_labels_to_crop(labels[:, :, index], crop) for index, crop in zip(slices, crops, strict=True)]
    )
    return planes, np.stack([TO_HEART @ crop.affine for crop in crops]).astype(np.float32)


def there_and_back(labels, where, size, spacing_mm, slices=(2, 0, 1)):
    planes, affine = cut_all(labels, where, size, spacing_mm, slices)
    return restore(planes, affine, TO_HEART, np.array(slices), where)


def dice(one, other):
    return 2 * np.sum(one & other) / (one.sum() + other.sum())


@pytest.mark.parametrize("axes", ORIENTATIONS)
def test_with_the_sources_pixels_the_crop_comes_back_exactly_and_nothing_lies_outside(axes):
    where = acquired(axes)
    noise = np.random.default_rng(0).integers(1, 6, where.pixels.shape).astype(np.uint8)
    back = there_and_back(noise, where, 24, 2.0)
    kept = back > 0
    np.testing.assert_array_equal(back[kept], noise[kept])
    assert (kept.sum(axis=(0, 1)) == 24 * 24).all()
    columns, rows = np.flatnonzero(kept.any(axis=(1, 2, 3))), np.flatnonzero(kept.any(axis=(0, 2, 3)))
    assert (np.ptp(columns), np.ptp(rows)) == (23, 23)


@pytest.mark.parametrize("axes", ORIENTATIONS)
@pytest.mark.parametrize(("step", "spacing_mm"), [(1.0, 2.0), ((1.0, 1.6), 2.0), ((1.3, 0.9), 1.8269), (2.0, 1.1)])
def test_smooth_shapes_survive_other_pixels(axes, step, spacing_mm):
    where = acquired(axes, (120, 104, 3, 4), step)
    labels = blobs(where.pixels.shape)
    back = there_and_back(labels, where, 240, spacing_mm)
    assert dice(back > 0, labels > 0) > 0.97
    assert dice(back == 2, labels == 2) > 0.97


def test_slices_without_a_plane_and_an_empty_crop_are_background():
    where = acquired()
    labels = blobs(where.pixels.shape)
    back = there_and_back(labels, where, 48, 2.0, slices=(1,))
    np.testing.assert_array_equal(back[:, :, 1], labels[:, :, 1])
    assert not back[:, :, [0, 2]].any()
    away = np.tile(np.diag([2.0, 2.0, 2.0, 1.0]), (1, 1, 1))
    away[0, :3, 3] = 500
    assert not restore(np.ones((1, 4, 8, 8), np.uint8), away, TO_HEART, np.array([1]), where).any()


@pytest.mark.parametrize(
    ("prepared", "frames", "expected"),
    [(4, 4, [0, 1, 2, 3]), (8, 4, [0, 2, 4, 6]), (4, 8, [0, 1, 1, 2, 2, 3, 3, 0]), (5, 3, [0, 2, 3]), (1, 3, [0] * 3)],
)
def test_a_frame_takes_the_nearest_phase_of_the_beat(prepared, frames, expected):
    where = acquired(shape=(60, 52, 3, frames))
    crop = place_crop(slice_affine(where.affine, 0), CENTRE, 16, 2.0)
    numbered = np.broadcast_to(np.arange(1, prepared + 1, dtype=np.uint8)[:, None, None], (prepared, 16, 16))
    back = restore(numbered[None], (TO_HEART @ crop.affine)[None], TO_HEART, np.array([0]), where)
    assert (back[30, 26, 0] - 1).tolist() == expected


def test_a_prepared_study_comes_back_onto_its_own_images():
    made = study(("sa", "la_4ch"), frames=10)
    for one in made.series:
        one.labels, one.annotated = blobs(one.pixels.shape), (1, 2)
    drawn = {one.view: (one.labels.copy(), one) for one in made.series}
    prepared, _, _ = prepare_study(made, Preparation(size=52, spacing_mm=3.6538, frames=10))
    planes = np.zeros(prepared.images.shape, np.uint8)
    planes[prepared.labelled[:, 0], prepared.labelled[:, 1]] = prepared.labels
    for index, view in ((0, "sa"), (3, "la_4ch")):
        own = prepared.view == index
        labels, where = drawn[view]
        back = restore(planes[own], prepared.affine[own], prepared.to_heart, prepared.slice[own], where)
        assert own.any()
        np.testing.assert_array_equal(back, labels)


def test_a_source_that_has_lost_slices_since_is_told():
    with pytest.raises(ValueError, match=r"sa: slices \[3\] were prepared, but its images have 3"):
        restore(np.zeros((1, 4, 8, 8), np.uint8), np.eye(4)[None], TO_HEART, np.array([3]), acquired())
