import itertools

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from cmr_ssl.anatomy import CLASSES, LV, MYOCARDIUM, RV, UNLABELLED
from cmr_ssl.sources.label_values import (
    broken_stack,
    checked_numbers,
    holds_wall,
    mere_mask,
    mirrored,
    to_classes,
    touches_edge,
    whole_numbers,
    wrongly_surrounded,
)
from tests.labelled import STACK, heart

HEART = heart((40, 36, 8, 2))
NAMED = {1: "LV", 2: "myocardium", 3: "RV"}


def test_keys_of_a_mapping_are_whole_numbers_however_they_are_written():
    numbers = {1: "LV", 2: "RV", -1: "LA", 70000: "RA", 0: "background"}
    assert checked_numbers({"1": "LV", 2.0: "RV", -1: "LA", 70000: "RA", 0: "background"}) == numbers


@pytest.mark.parametrize(
    ("classes", "why"),
    [
        ({0: "LV"}, "0 is background"),
        ({"0": "RV"}, "0 is background"),
        ({1.9: "LV"}, "1.9 is no number"),
        ({True: "LV"}, "True is no number"),
        ({"one": "LV"}, "'one' is no number"),
        ({float("nan"): "LV"}, "nan is no number"),
        ({float("inf"): "LV"}, "inf is no number"),
        ({None: "LV"}, "None is no number"),
        ({"1": "LV", 1: "RV"}, "1 is there twice"),
        ({1: "heart"}, "unknown class 'heart'"),
    ],
)
def test_keys_that_mean_nothing_are_refused(classes, why):
    with pytest.raises(ValueError, match=why):
        checked_numbers(classes)


def test_no_coding_of_a_label_map_changes_what_it_means():
    rng = np.random.default_rng(7)
    for _ in range(1000):
        truth = rng.integers(0, 4, (5, 4, 2, 2)).astype(np.uint8)
        dtype = rng.choice(["u1", "i1", "u2", "i2", "i4", "i8", "f4", "f8", ">i2", ">f4"])
        largest = 1 << 24 if dtype[-2] == "f" else np.iinfo(dtype).max
        numbers = rng.choice(np.arange(1, min(largest, 90000)), 3, replace=False)
        numbers = numbers * rng.choice([1, -1], 3) if dtype[-2] != "u" else numbers
        values = np.array([0, *numbers])[truth].astype(dtype)
        values = values + rng.uniform(-4e-4, 4e-4) if dtype == "f8" else values
        read, unknown = to_classes(whole_numbers(values)[0], dict(zip(numbers.tolist(), CLASSES[1:], strict=False)))
        np.testing.assert_array_equal(read, truth)
        assert unknown == []


@pytest.mark.parametrize("off", [4e-5, -9e-4])
def test_almost_whole_numbers_are_rounded_and_said(off):
    values, note = whole_numbers(HEART + np.float32(off))
    np.testing.assert_array_equal(values, HEART)
    assert "were rounded" in note
    assert whole_numbers(HEART.astype(bool))[1] == whole_numbers(HEART.astype(np.float32))[1] == ""


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (HEART / 3, "fractions .*interpolated or scaled"),
        (HEART / 255, "fractions"),
        ((HEART + np.roll(HEART, 1, 0)) / 2, "fractions"),
        (HEART + 0.01, "fractions"),
        (np.where(HEART > 0, np.inf, 0), "infinite"),
    ],
)
def test_fractions_are_refused_in_few_words(values, why):
    with pytest.raises(ValueError, match=why) as caught:
        whole_numbers(values)
    assert len(str(caught.value)) < 250


def test_only_the_wall_around_the_left_ventricle_is_a_heart_and_interpolated_labels_are_none():
    for numbers in itertools.permutations((LV, MYOCARDIUM, RV)):
        renumbered = np.array([0, *numbers], np.uint8)[HEART]
        assert (wrongly_surrounded(renumbered, NAMED) == "") == (numbers == (LV, MYOCARDIUM, RV))
    exchanged = np.array([0, 3, 2, 1], np.uint8)[HEART]
    assert "number 2 (myocardium) surrounds number 3 (RV)" in wrongly_surrounded(exchanged, NAMED)
    assert holds_wall(HEART)
    blurred = gaussian_filter(HEART.astype(float), (1.2, 1.2, 0, 0)).round().astype(np.uint8)
    assert "surrounds" in wrongly_surrounded(blurred, NAMED)


def test_a_mask_of_one_number_means_what_its_own_mapping_says():
    masks = [(HEART == LV), (HEART > 0), np.isin(HEART, (LV, MYOCARDIUM))]
    assert all("may be a mask of anything" in mere_mask(mask.astype(np.uint8), NAMED) for mask in masks)
    assert mere_mask(masks[0].astype(np.uint8), {1: "LV"}) == mere_mask(masks[0] * np.uint8(RV), NAMED) == ""
    assert mere_mask(HEART, NAMED) == mere_mask(HEART * 0, NAMED) == ""


@pytest.mark.parametrize("left_out", [(LV,), (MYOCARDIUM,), (RV,), (LV, MYOCARDIUM, RV)])
def test_nobody_is_accused_of_what_was_not_drawn(left_out):
    labels = np.where(np.isin(HEART, left_out), 0, HEART)
    assert wrongly_surrounded(labels, NAMED) == ""
    assert wrongly_surrounded(np.where(HEART == 0, UNLABELLED, labels), NAMED) == ""


@pytest.mark.parametrize("wall", [LV, RV])
def test_a_wall_drawn_as_part_of_a_ventricle_is_found_by_ventricles_that_touch(wall):
    merged = np.where(HEART == MYOCARDIUM, wall, HEART)
    assert "touches number 3 (RV)" in wrongly_surrounded(merged, NAMED) or wall == RV
    assert wrongly_surrounded(merged, NAMED)
    touching = HEART.copy()
    touching[:, :, 1][touching[:, :, 1] == MYOCARDIUM] = LV  # as at the base of some hearts
    assert wrongly_surrounded(touching, NAMED) == ""


def test_right_lies_to_the_right_and_front():
    assert not mirrored(HEART, STACK, LV, RV)
    assert mirrored(HEART[::-1], STACK, LV, RV)
    assert mirrored(np.array([0, 3, 2, 1], np.uint8)[HEART], STACK, LV, RV)
    assert not mirrored(np.where(HEART == RV, 0, HEART), STACK, LV, RV)


def test_a_ventricle_has_no_gap_and_no_length_of_a_forearm():
    assert broken_stack(HEART, STACK, LV) == ""
    gap = HEART.copy()
    gap[:, :, 3, 1] = 0
    assert "both sides of slice 3, but not on it, at frame 1" in broken_stack(gap, STACK, LV)
    long = np.repeat(HEART[:, :, 3:4], 16, axis=2)
    assert "160 mm long" in broken_stack(long, STACK, LV)


def test_what_reaches_the_edge_is_cut_off():
    assert not touches_edge(HEART, RV)
    column = np.flatnonzero((HEART == RV).any(axis=(1, 2, 3)))[0]
    assert touches_edge(HEART[column:], RV)
    assert not touches_edge(HEART[column:], LV)


def test_unknown_numbers_are_told_apart_from_known_ones_and_a_number_may_be_declared_unlabelled():
    read, unknown = to_classes(np.array([[[[0, 500, -1, 70000, 9, 4]]]]), {500: "LV", -1: "RV"}, unlabelled=4)
    assert read.ravel().tolist() == [0, LV, RV, *[UNLABELLED] * 3]
    assert sorted(unknown) == [9, 70000]
