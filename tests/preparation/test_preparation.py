from dataclasses import asdict, replace

import numpy as np
import pytest

from cmr_ssl.anatomy import LV, MYOCARDIUM, UNLABELLED
from cmr_ssl.files import digest
from cmr_ssl.planes import LONG_AXIS, VIEWS, spacing, to_mm, to_pixels
from cmr_ssl.preparation.preparation import Preparation, prepare_study
from cmr_ssl.study import Finding, Study
from tests.right_ventricle import MIDDLE, with_right_ventricle
from tests.studies import AXES, CENTRE, OUTER_MM, beats, long_axis, plane, radius, series, short_axis, study

SMALL = Preparation(size=48, spacing_mm=3.6538, frames=20)


def prepared(made, preparation=SMALL):
    subject, findings, acquired = prepare_study(made, preparation)
    assert subject is not None, findings
    return subject, findings, acquired


def codes(findings):
    return {(found.code, found.severity, found.where) for found in findings}


def label(one):
    """Draw the exact truth of a beating study into a series."""
    shape = one.pixels.shape[:3]
    voxels = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    distance = np.linalg.norm(voxels @ one.affine[:3, :3].T + one.affine[:3, 3] - CENTRE, axis=-1)[..., None]
    shell = np.where(distance < OUTER_MM, MYOCARDIUM, 0)
    one.labels = np.where(distance < radius(beats(one.pixels.shape[3])), LV, shell).astype(np.uint8)
    one.annotated = (LV, MYOCARDIUM)
    return one


def blood(subject):
    """Return for each plane and frame the centroid, in heart mm, and the area, in mm2, of the bright middle."""
    size = subject.images.shape[-1]
    columns, rows = np.meshgrid(np.arange(size), np.arange(size))
    pixels = np.stack([columns, rows], axis=-1).reshape(-1, 2)
    centroids, areas = [], []
    for affine, images in zip(subject.affine.astype(float), subject.images, strict=True):
        places = to_mm(affine, pixels)
        near = np.linalg.norm(places[:, :3], axis=1) < OUTER_MM
        bright = (images.reshape(len(images), -1) > 145) & near
        centroids.append([places[frame].mean(axis=0) if frame.any() else np.full(3, np.nan) for frame in bright])
        areas.append(bright.sum(axis=1) * spacing(affine).prod())
    return np.array(centroids), np.array(areas)


def test_a_whole_study_becomes_planes_from_base_to_apex_then_long_axis():
    subject, findings, acquired = prepared(study())
    assert findings == []
    assert subject.images.shape == (12, 20, 48, 48)
    assert subject.images.dtype == np.uint8
    assert [VIEWS[index] for index in subject.view] == ["sa"] * 9 + list(LONG_AXIS)
    assert (np.diff(subject.affine[:9, 2, 3]) < 0).all()
    assert subject.slice.tolist() == [*range(9), 0, 0, 0]
    assert subject.acquired.all()
    assert len(subject.labels) == len(subject.labelled) == 0
    assert acquired == (16, True, pytest.approx(960), pytest.approx(3.6538))
    np.testing.assert_allclose(subject.to_heart[:3, :3], AXES, atol=1e-9)
    for affine in subject.affine.astype(float):  # the heart in the middle
        np.testing.assert_allclose(to_pixels(affine, np.zeros((1, 3)))[0], 23.5, atol=0.51)


@pytest.mark.parametrize("step", [3.6538, 2.9])
def test_the_heart_lies_where_the_affine_says_in_every_plane(step):
    made = Study("1", [series("sa", affine=short_axis(spacing=step)), *study(LONG_AXIS).series])
    subject, _, _ = prepared(made)
    centroids, areas = blood(subject)
    truth = subject.to_heart[:3] @ [*CENTRE, 1]
    middle = areas[:, 0] > 500
    assert middle.sum() >= 8
    off = centroids[middle][:, 0] - truth
    normals = np.cross(subject.affine[middle, :3, 0], subject.affine[middle, :3, 1]).astype(float)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    in_plane = off - (off * normals).sum(axis=1, keepdims=True) * normals
    assert np.linalg.norm(in_plane, axis=1).max() < 1.0


def test_both_ventricles_together_are_the_middle_of_the_heart_frame():
    short, *long = study().series
    subject, _, _ = prepared(Study("1", [with_right_ventricle(short), *long]))
    assert np.linalg.norm(subject.to_heart[:3] @ [*MIDDLE, 1]) < 5


def test_areas_beat_with_the_true_radius_after_resampling_space_and_time():
    subject, _, _ = prepared(study(frames=25), replace(SMALL, frames=50, spacing_mm=2.5, size=64))
    _, areas = blood(subject)
    middle = int(np.abs(subject.affine[:9, 2, 3]).argmin())
    height = float(subject.affine[middle, 2, 3] - (subject.to_heart[:3] @ [*CENTRE, 1])[2])
    truth = np.pi * (radius(np.arange(50) / 50) ** 2 - height**2)
    np.testing.assert_allclose(areas[middle], truth, rtol=0.08)


@pytest.mark.parametrize("first", ["base", "apex"])
def test_slice_order_does_not_matter(first):
    subject, _, _ = prepared(Study("1", [series("sa", affine=short_axis(first=first))]))
    assert (np.diff(subject.affine[:, 2, 3]) < 0).all()
    assert subject.slice.tolist() == list(range(9) if first == "base" else range(8, -1, -1))


def test_a_mirrored_storage_changes_neither_places_nor_the_frame():
    one = series("sa")
    mirrored = series("sa")
    mirrored.pixels = mirrored.pixels[::-1]
    mirrored.affine = one.affine @ np.array([[-1, 0, 0, 71], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1.0]])
    assert np.linalg.det(mirrored.affine) * np.linalg.det(one.affine) < 0
    plain, _, _ = prepared(Study("1", [one]))
    other, _, _ = prepared(Study("1", [mirrored]))
    np.testing.assert_allclose(other.to_heart, plain.to_heart, atol=1.0)
    np.testing.assert_allclose(blood(other)[0][4, 0], blood(plain)[0][4, 0], atol=1.0)


def test_each_label_map_lands_on_the_nearest_frame_and_nowhere_else():
    one = label(series("sa", frames=16))
    one.labels[..., 3:] = UNLABELLED
    subject, _, _ = prepared(Study("1", [one]), replace(SMALL, frames=50))
    assert {tuple(pair) for pair in subject.labelled.tolist()} == {(p, f) for p in range(9) for f in (0, 3, 6)}
    assert subject.annotated.sum(axis=0).tolist() == [0, 9, 9, 0, 0, 0]
    lv = [(labels == LV).sum() for (p, _), labels in zip(subject.labelled, subject.labels, strict=True) if p == 4]
    areas = np.array(lv) * 3.6538**2
    np.testing.assert_allclose(areas, np.pi * radius(np.array([0, 1, 2]) / 16) ** 2, rtol=0.05)


def test_labels_lie_on_the_pixels_they_were_drawn_on():
    subject, _, _ = prepared(Study("1", [label(series("sa", noise=0.0)), *study(LONG_AXIS).series]))
    shown, labels = subject.images[4, 0], subject.labels[subject.labelled.tolist().index([4, 0])]
    assert (labels == LV).sum() > 60
    assert shown[labels == LV].min() > shown[labels == MYOCARDIUM].mean()


def test_ed_and_es_keep_their_two_frames_and_the_slices_that_es_lacks():
    one = series("sa", phases=[0.0, 0.4], frame_ms=float("nan"))
    one.pixels[:, :, 0, 1] = 0
    one.acquired[0, 1] = False
    subject, findings, acquired = prepared(Study("1", [one]))
    assert findings == []
    assert subject.images.shape == (9, 2, 48, 48)
    assert subject.acquired.tolist() == [[1, 0]] + [[1, 1]] * 8
    assert acquired[:3] == (2, False, pytest.approx(np.nan, nan_ok=True))


@pytest.mark.parametrize(
    ("lost", "code"),
    [
        (series("la_2ch", phases=[0.0, 0.4]), "too-few-frames"),
        (series("la_2ch", affine=long_axis("la_2ch", at=CENTRE + 250 * AXES[1])), "crop-outside"),
        (series("la_2ch", affine=plane(-AXES[0], -AXES[1], -AXES[2], CENTRE, (64, 72, 1), 2.0)), "misplaced-view"),
    ],
)
def test_a_view_with_too_few_frames_or_that_shows_no_heart_is_set_aside_where_others_beat(lost, code):
    subject, findings, _ = prepared(Study("1", [series("sa"), lost]))
    assert set(subject.view.tolist()) == {0}
    assert codes(findings) == {(code, "rejected", "la_2ch")}


def test_views_of_different_size_spacing_and_timing_share_one_grid():
    fine = {"affine": long_axis("la_2ch", (90, 70, 1), 2.2), "shape": (90, 70, 1)}
    views = [series("sa", 25, 33.0), series("la_2ch", 16, 52.0, **fine), series("la_4ch", 50, 17.0)]
    subject, findings, acquired = prepared(Study("1", views))
    assert findings == []
    np.testing.assert_allclose(np.linalg.norm(subject.affine[:, :3, :2], axis=1), 3.6538, rtol=1e-3)
    assert acquired.beat_ms == pytest.approx(832)
    _, areas = blood(subject)
    assert np.ptp(areas[-2:].argmax(axis=1)) == 0


def test_a_heart_at_the_edge_is_kept_and_said():
    subject, findings, _ = prepared(Study("1", [series("sa", affine=short_axis(at=CENTRE + 110 * AXES[0]))]))
    assert len(subject.view) == 9
    assert {code for code, severity, _ in codes(findings) if severity == "noted"} == {"crop-outside"}


def test_a_small_image_of_the_whole_heart_is_no_finding_however_large_the_crop():
    small = series("sa", affine=short_axis((36, 36, 9)), shape=(36, 36, 9))
    assert prepare_study(Study("1", [small]), Preparation())[1] == []


@pytest.mark.parametrize(
    "spoil",
    [
        lambda pixels: 0 * pixels,
        lambda pixels: 0 * pixels - 7,
        lambda pixels: pixels[..., :1].repeat(16, axis=-1),
        lambda pixels: pixels[..., :1],
        lambda pixels: np.full(pixels.shape, np.nan, dtype=np.float32),
    ],
    ids=["empty", "constant", "still", "one frame", "not a number"],
)
def test_a_study_that_shows_no_beat_is_rejected_with_a_reason(spoil):
    made = study()
    for one in made.series:
        one.pixels = spoil(one.pixels)
        one.acquired = one.acquired[:, : one.pixels.shape[3]]
    subject, findings, acquired = prepare_study(made, SMALL)
    assert subject is acquired is None
    assert any(found.severity == "rejected" and found.message for found in findings)


def test_the_sources_findings_come_first():
    first = Finding("unreadable", "rejected", "la_3ch", "torn")
    made = study(("sa", "la_2ch"))
    made.findings.append(first)
    assert prepared(made)[1] == [first]


def test_preparing_twice_gives_the_same_bytes():
    one, other = prepared(study())[0], prepared(study())[0]
    for name, array in one._asdict().items():
        np.testing.assert_array_equal(array, getattr(other, name))


def test_the_digest_changes_with_any_setting_and_with_nothing_else():
    changed = {"size": 64, "spacing_mm": 2.0, "frames": 25, "darkest_percentile": 1.0, "brightest_percentile": 99.0}
    settings = [Preparation(), Preparation(min_frames=10), *(Preparation(**{name: changed[name]}) for name in changed)]
    digests = {digest(asdict(one)) for one in settings}
    assert len(digests) == len(changed) + 2
    assert digest(asdict(Preparation())) == digest(dict(reversed(asdict(Preparation(size=128)).items())))


@pytest.mark.parametrize(
    "wrong", [{"size": 4}, {"spacing_mm": 0.0}, {"frames": 1}, {"min_frames": 3}, {"darkest_percentile": 99.9}]
)
def test_impossible_settings_are_refused_at_once(wrong):
    with pytest.raises(ValueError, match=str(next(iter(wrong.values())))):
        Preparation(**wrong)


def test_blood_is_bright_although_fat_outshines_it():
    made = study(("sa",))
    made.series[0].pixels[4:14, 4:30] = 2000
    images = prepared(made)[0].images
    assert images[4, 0, 24, 24] > 230
    assert np.median(images[4, 0]) > 60
