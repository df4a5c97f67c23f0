import numpy as np
import pytest

from cmr_ssl.measures.rates import emptying_fraction, emptying_values, peak_rates, rate_values, smoothed, unusable
from cmr_ssl.phantom.cohort_spec import PRESETS
from cmr_ssl.phantom.person import draw_person
from cmr_ssl.phantom.timing import beat

FRAMES = PRESETS["full"].frames


def curve(index, frames=FRAMES, seed=7):
    """Return the exact filling of the LV, 0 to 1, and the time between frames in ms."""
    subject = draw_person(seed, index, "normal")
    found = beat(subject.body, subject.shape, frames)
    return found.lv, found.rr_ms / frames, found.la


def test_rates_of_a_wave_by_hand():
    beat_s, frames = 1.0, 50
    wave = 100 + 40 * np.cos(2 * np.pi * np.arange(frames) / frames)
    steepest = 40 * 2 * np.pi / beat_s
    assert peak_rates(wave, 20.0) == pytest.approx((steepest, steepest), rel=0.005)
    assert peak_rates(np.roll(wave, 17), 20.0) == pytest.approx((steepest, steepest), rel=0.005)


def test_rates_of_synthetic_hearts_are_within_a_tenth_of_their_exact_curves():
    for index in range(1, 11):
        lv, frame_ms, _ = curve(index)
        fine, fine_ms, _ = curve(index, 5000)
        rate, es = np.gradient(fine, fine_ms * 1e-3), int(fine.argmin())
        true = np.array([-rate[:es].min(), rate[es : es + (len(fine) - es) // 2].max()])
        np.testing.assert_allclose(peak_rates(lv + 1, frame_ms), true, rtol=0.1)


def test_smoothing_leaves_ed_and_es_where_they_are_and_takes_the_bias_of_noise_away():
    rng = np.random.default_rng(0)
    clean, raw, even = [], [], []
    for index in range(1, 21):
        _, frame_ms, la = curve(index)
        volumes = 30 + 40 * la
        noisy = volumes + rng.normal(0, 2.0, len(volumes))
        truth = 100 * 40 / 70
        clean.append(emptying_fraction(volumes, frame_ms) - truth)
        raw.append(100 * np.ptp(noisy) / noisy.max() - truth)
        even.append(emptying_fraction(noisy, frame_ms) - truth)
    assert abs(np.mean(clean)) < 0.5
    assert abs(np.mean(even)) < 0.5 * abs(np.mean(raw))


def test_a_closed_curve_has_no_ends():
    lv, frame_ms, _ = curve(1)
    np.testing.assert_allclose(np.roll(smoothed(lv, frame_ms), 9), smoothed(np.roll(lv, 9), frame_ms), atol=1e-12)


def test_what_no_rate_can_be_told_of_says_why():
    whole = np.linspace(100.0, 60.0, 30)
    holed = np.where(np.arange(30) == 4, np.nan, whole)
    assert "no closed beat" in unusable(holed, 25.0)
    assert "2 frames" in unusable(whole[:2], 25.0)
    assert "60 ms apart" in unusable(whole, 60.0)
    assert "time between frames" in unusable(whole, np.nan)
    rows = rate_values(None, 25.0, np.nan, "the LV is cut off") + emptying_values(None, 25.0, "no LA")
    assert {one.reason for one in rows} == {"the LV is cut off", "no LA"}
    assert all(np.isnan(one.value) for one in rows)
