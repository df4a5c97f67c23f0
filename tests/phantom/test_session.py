import numpy as np
import pytest

from cmr_ssl.phantom.scanner import DEFAULT, Coils, Contrast, MainField, Scanner
from cmr_ssl.phantom.session import Session, detect, draw_session, limit_resolution, shading

SESSION = Session(np.array([[0.0, 150.0, 0.0]]), 90.0, 0.85, 25.0, 200.0)


def test_shading_is_one_at_the_heart_and_larger_near_a_coil_and_grey_values_stay_within_twelve_bits():
    heart = np.array([0.0, 20.0, 0.0])
    there, near = shading(SESSION, np.array([heart, [0.0, 120.0, 0.0]]), heart)
    assert there == pytest.approx(1.0)
    assert near > 2.0
    bright = detect(np.random.default_rng(0), np.full((50, 50), 100.0, np.float32), SESSION)
    assert bright.max() == 4095


def test_noise_is_rician():
    rng = np.random.default_rng(0)
    air = detect(rng, np.zeros((300, 300), np.float32), SESSION)
    blood = detect(rng, np.ones((300, 300), np.float32), SESSION)
    sigma = SESSION.blood / SESSION.snr
    assert air.mean() == pytest.approx(sigma * np.sqrt(np.pi / 2), rel=0.05)
    assert blood.mean() == pytest.approx(np.hypot(SESSION.blood, sigma), rel=0.01)
    assert blood.std() == pytest.approx(sigma, rel=0.03)


def test_less_of_k_space_keeps_the_mean_and_blurs_an_edge():
    image = np.zeros((64, 64), np.float32)
    image[:32] = 1.0
    blurred = limit_resolution(image, 0.6)
    assert blurred.mean() == pytest.approx(image.mean(), abs=1e-5)
    assert np.abs(np.diff(blurred[:, 0])).max() < 0.9
    assert np.abs(blurred - image).max() > 0.05
    np.testing.assert_allclose(limit_resolution(image, 1.2), image, atol=1e-5)


def test_sessions_differ_but_all_scanners_take_the_same_numbers_so_that_planes_do_not_depend_on_them():
    one, other = (draw_session(np.random.default_rng(seed), DEFAULT, 170, 115) for seed in (0, 1))
    assert one.snr != other.snr
    assert not np.allclose(one.coils, other.coils)
    rngs = [np.random.default_rng(3) for _ in range(2)]
    other = Scanner("other", Contrast(muscle=(1.5, 2.0)), Coils((30, 40), (5, 9)), MainField(slope=(0.1, 0.3)), (5, 9))
    for rng, scanner in zip(rngs, (DEFAULT, other), strict=True):
        draw_session(rng, scanner, 170, 115)
    assert rngs[0].random() == rngs[1].random()


def test_a_session_lies_within_the_ranges_of_its_scanner():
    scanner = Scanner("other", Contrast(muscle=(1.5, 2.0)), snr=(5, 9), blood=(50, 60), thickness=(1.2, 1.3))
    sessions = [draw_session(np.random.default_rng(seed), scanner, 170, 115) for seed in range(30)]
    for name in ("snr", "blood", "resolution", "thickness"):
        drawn = [getattr(session, name) for session in sessions]
        low, high = getattr(scanner, name)
        assert low <= min(drawn) < low + 0.3 * (high - low)
        assert high >= max(drawn) > high - 0.3 * (high - low)
    assert all(1.5 <= session.tissue_factors.muscle <= 2.0 for session in sessions)
    assert {session.scanner for session in sessions} == {"other"}


def test_coils_that_see_less_far_or_lie_elsewhere_shade_more_or_elsewhere():
    heart, points = np.array([0.0, 20.0, 0.0]), np.array([[0.0, 90.0, 0.0], [-80.0, 60.0, 0.0], [80.0, 60.0, 0.0]])

    def seen(coils):
        return shading(draw_session(np.random.default_rng(1), Scanner("one", coils=coils), 170, 115), points, heart)

    near, far = seen(Coils((45, 45))), seen(Coils((200, 200)))
    assert near[0] > 1.8 * far[0]
    assert far[0] == pytest.approx(1.1, abs=0.2)
    left, right = seen(Coils((45, 45), right_mm=(-60, -60))), seen(Coils((45, 45), right_mm=(60, 60)))
    assert left[1] / left[2] > 1.3 * near[1] / near[2] > 1.5 * right[1] / right[2]


def test_filtered_noise_is_as_strong_and_smoother():
    flat = np.ones((2, 128, 120), np.float32)
    white, smooth = (
        detect(np.random.default_rng(0), flat, SESSION._replace(resolution=0.5, filtered=filtered)).astype(float)
        for filtered in (False, True)
    )
    assert smooth.std() == pytest.approx(white.std(), rel=0.03)
    steps = [np.diff(noise, axis=1).std() / noise.std() for noise in (white, smooth)]
    assert steps[0] == pytest.approx(np.sqrt(2), rel=0.03)
    assert steps[1] < 0.6 * steps[0]
