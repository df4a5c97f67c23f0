import numpy as np
import pytest

from cmr_ssl.preparation.checks.brightness import PARTED, contrast, folding, repetition, split_levels, two_levels
from cmr_ssl.preparation.checks.limits import LIMITS
from cmr_ssl.preparation.checks.prepared_planes import PreparedPlanes
from tests.preparation.checks.synthetic_planes import SIZE, STEP, scene, subject, values


def test_contrast_is_the_distance_of_two_levels_also_where_a_ventricle_fills_the_middle():
    one = scene()
    one.images[4] = np.where(one.from_axis(4) < 15, 190.0, 70.0)
    assert two_levels(one, 4) == pytest.approx(120 / 255, abs=0.05)
    one.images[4] = 100.0
    assert two_levels(one, 4) == 0.0
    away = one.from_axis(4)
    blood = np.random.default_rng(0).normal(190, 12, (len(one.images[4]), *away.shape))
    one.images[4] = np.where(away < 31, blood, 70.0).clip(0, 255)
    assert two_levels(one, 4) == pytest.approx(120 / 255, abs=0.05)
    assert split_levels(blood.clip(0, 255).astype(np.float32))[1] < PARTED


def test_lung_beside_a_small_faded_heart_is_not_taken_for_its_muscle():
    one = scene()
    away, middle = one.from_axis(4), (SIZE - 1) / 2
    row, column = np.indices(away.shape) - middle
    lung = (away > 26.5) & (np.abs(np.arctan2(row, column)) < np.pi / 4)
    one.images[4] = np.select([lung, away < 15], [90.0, 200.0], 165.0)
    assert split_levels(one.images[4][:, away < 36])[0] > 0.3
    assert two_levels(one, 4) == pytest.approx(35 / 255, abs=0.02)


def test_a_faded_heart_has_low_contrast():
    prepared = subject()
    limit = LIMITS["low-contrast"].value
    assert values(contrast(PreparedPlanes(prepared)), "low-contrast")["sa", -1] > limit
    faded = prepared._replace(images=(150 + prepared.images // 4).astype(np.uint8))
    assert values(contrast(PreparedPlanes(faded)), "low-contrast")["sa", -1] < limit


def test_a_picture_folded_over_itself_is_found_in_its_view_only():
    rng = np.random.default_rng(0)
    prepared = subject()
    count = len(prepared.view) - 3
    texture = rng.normal(0, 25, (SIZE, SIZE))
    images = prepared.images.astype(float)
    images[:count] += np.kron(texture[::2, ::2], np.ones((2, 2)))
    again = images.copy()
    again[:count] += 0.6 * np.roll(images[:count], round(130 / STEP), axis=2)
    seen = [PreparedPlanes(prepared._replace(images=one.clip(0, 255).astype(np.uint8))) for one in (images, again)]
    plain, folded = (values(folding(one), "wrap-around") for one in seen)
    assert plain["sa", -1] < LIMITS["wrap-around"].value < folded["sa", -1]
    assert all(folded[view] == plain[view] for view in plain if view != ("sa", -1))


def test_frames_that_repeat_are_counted_and_a_slice_filed_twice_is_found():
    prepared = subject()
    prepared.images[2, 5:8] = prepared.images[2, 4]
    counts = values(repetition(PreparedPlanes(prepared)), "repeated-frames")
    assert counts["sa", 2] == 3
    assert sum(counts.values()) == 3
    prepared = subject()
    limit = LIMITS["same-slice"].value
    assert max(values(repetition(PreparedPlanes(prepared)), "same-slice").values()) < limit
    prepared.images[5] = prepared.images[4]
    alike = values(repetition(PreparedPlanes(prepared)), "same-slice")
    assert {where for where, value in alike.items() if value > limit} == {("sa", 5)}
