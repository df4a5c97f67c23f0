import numpy as np
import pytest

from cmr_ssl.phantom.scanner import DEFAULT
from cmr_ssl.phantom.session import Session, detect, draw_session, limit_resolution, shading

SESSION = Session(np.array([[0.0, 150.0, 0.0]]), 90.0, 0.85, 25.0, 200.0)


def test_shading_is_one_at_the_heart_and_larger_near_a_coil():
    heart = np.array([0.0, 20.0, 0.0])
    there, near = shading(SESSION, np.array([heart, [0.0, 120.0, 0.0]]), heart)
    assert there == pytest.approx(1.0)
    assert near > 2.0


def test_noise_is_rician():
    rng = np.random.default_rng(0)
    air = detect(rng, np.zeros((300, 300), np.float32), SESSION)
    blood = detect(rng, np.ones((300, 300), np.float32), SESSION)
    sigma = SESSION.blood / SESSION.snr
    assert air.mean() == pytest.approx(sigma * np.sqrt(np.pi / 2), rel=0.05)
    assert blood.mean() == pytest.approx(np.hypot(SESSION.blood, sigma), rel=0.01)
    assert blood.std() == pytest.approx(sigma, rel=0.03)


def test_grey_values_stay_within_twelve_bits():
    bright = detect(np.random.default_rng(0), np.full((50, 50), 100.0, np.float32), SESSION)
    assert bright.max() == 4095


def test_less_of_k_space_keeps_the_mean_and_blurs_an_edge():
    image = np.zeros((64, 64), np.float32)
    image[:32] = 1.0
    blurred = limit_resolution(image, 0.6)
    assert blurred.mean() == pytest.approx(image.mean(), abs=1e-5)
    assert np.abs(np.diff(blurred[:, 0])).max() < 0.9
    assert np.abs(blurred - image).max() > 0.05
    np.testing.assert_allclose(limit_resolution(image, 1.2), image, atol=1e-5)


def test_sessions_differ():
    one, other = (draw_session(np.random.default_rng(seed), DEFAULT, 170, 115) for seed in (0, 1))
    assert one.snr != other.snr
    assert not np.allclose(one.coils, other.coils)
