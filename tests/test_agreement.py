import numpy as np
import pytest

from cmr_ssl.agreement import age_bands, agreement, by_group, classification

# Shrout and Fleiss, Psychol Bull 1979, table 2: the first two of four raters of six targets
FIRST, SECOND = np.array([9.0, 6, 8, 7, 10, 6]), np.array([2.0, 1, 4, 1, 5, 2])


def icc_by_variance_components(one, other):
    """Return ICC(2,1) from the analysis of variance, as the paper writes it down."""
    table = np.stack([one, other], axis=1)
    n, k = table.shape
    mean = table.mean()
    subjects = k * ((table.mean(axis=1) - mean) ** 2).sum() / (n - 1)
    raters = n * ((table.mean(axis=0) - mean) ** 2).sum() / (k - 1)
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + mean
    error = (rest**2).sum() / ((n - 1) * (k - 1))
    return (subjects - error) / (subjects + (k - 1) * error + k * (raters - error) / n)


def test_measures_by_hand():
    true, predicted = np.array([100.0, 120.0, 140.0, 160.0]), np.array([104.0, 118.0, 146.0, 164.0])
    found = agreement(predicted, true)
    difference = np.array([4.0, -2.0, 6.0, 4.0])
    limits = 1.96 * difference.std(ddof=1)
    expected = {"MAE": 4, "RMSE": np.sqrt(18), "bias": 3, "LoA high": 3 + limits, "LoA low": 3 - limits}
    expected |= {"R2": 1 - 72 / 2000, "Pearson": np.corrcoef(predicted, true)[0, 1], "N": 4}
    assert {name: found[name].value for name in expected} == pytest.approx(expected)


def test_icc_is_that_of_the_analysis_of_variance_which_an_offset_spoils_unlike_the_correlation():
    found = agreement(FIRST, SECOND)["ICC(2,1)"].value
    assert found == pytest.approx(icc_by_variance_components(FIRST, SECOND))
    assert agreement(FIRST, FIRST)["ICC(2,1)"].value == pytest.approx(1.0)
    found = agreement(FIRST + 5, FIRST)
    assert found["Pearson"].value == pytest.approx(1.0)
    assert found["ICC(2,1)"].value < 0.3


def test_missing_values_are_left_out_and_too_few_say_nothing():
    with_gaps = agreement(np.append(FIRST, np.nan), np.append(SECOND, 3.0))
    assert with_gaps["MAE"] == agreement(FIRST, SECOND)["MAE"]
    few = agreement(FIRST[:2], SECOND[:2])
    assert few["N"].value == 2
    assert np.isnan(few["MAE"].value)


def test_intervals_hold_the_truth_about_as_often_as_they_say_and_repeat():
    held = 0
    for seed in range(200):
        errors = np.random.default_rng(seed).normal(0.5, 1.0, 80)
        bias = agreement(errors, np.zeros(80), resamples=300)["bias"]
        held += bias.low <= 0.5 <= bias.high
    assert 180 <= held <= 199
    assert agreement(FIRST, SECOND, seed=3) == agreement(FIRST, SECOND, seed=3)


def test_a_perfect_and_a_reversed_diagnosis_and_unknown_ones_which_are_left_out():
    true = np.array([0, 0, 0, 1, 1, 1])
    ill = np.array([0.1, 0.2, 0.3, 0.7, 0.8, 0.9])
    right = classification(np.stack([1 - ill, ill], axis=1), true)
    wrong = classification(np.stack([ill, 1 - ill], axis=1), true)
    assert right["AUROC"].value == pytest.approx(1.0)
    assert wrong["AUROC"].value == pytest.approx(0.0)
    assert right["Brier"].value == pytest.approx(np.mean([0.01, 0.04, 0.09] * 2))
    assert classification(np.stack([1 - ill, ill], axis=1), np.array([0, 0, -1, 1, 1, 1]))["N"].value == 5


def test_a_confidence_that_is_as_often_right_as_it_says_is_calibrated():
    true = np.array([1] * 8 + [0] * 2)
    scores = np.tile([0.2, 0.8], (10, 1))
    assert classification(scores, true)["calibration error"].value == pytest.approx(0.0, abs=1e-6)
    assert classification(np.tile([0.0, 1.0], (10, 1)), true)["calibration error"].value == pytest.approx(0.2)


def test_of_several_classes_those_that_occur_count_each_against_the_rest():
    true = np.array([0, 0, 1, 1, 2, 2])
    scores = np.eye(4)[true]  # the fourth class never occurs
    scores[5] = [0.5, 0.5, 0, 0]  # one of class 2 ties with all the others
    found = classification(scores, true)
    assert found["AUROC"].value == pytest.approx((1 + 1 + (4 + 2) / 8) / 3)
    assert found["Brier"].value == pytest.approx((0.25 + 0.25 + 1) / 6)
    alone = classification(scores[:2].repeat(2, axis=0), np.zeros(4, dtype=int))
    assert np.isnan([alone["AUROC"].value, alone["Brier"].low]).all()
    assert alone["Brier"].value == 0


def test_groups_are_judged_apart():
    found = by_group(FIRST + np.array([0, 0, 0, 4, 4, 4]), FIRST, ["a"] * 3 + ["b"] * 3)
    assert found["a"]["MAE"].value == 0
    assert found["b"]["MAE"].value == pytest.approx(4.0)


def test_age_bands_are_decades_of_imaging_cohorts():
    bands = age_bands(np.array([44.9, 45.0, 54.9, 55.0, np.nan])).tolist()
    assert bands == ["35-44", "45-54", "45-54", "55-64", "unknown"]
