import numpy as np
import pytest

from cmr_ssl.phantom.person import draw_person
from cmr_ssl.phantom.population import Body
from cmr_ssl.phantom.timing import beat, end_systole_ms, smooth_step

SHAPE = draw_person(7, 1, "normal").shape


def body(heart_rate: float) -> Body:
    return Body(True, 60.0, 175.0, 80.0, heart_rate)


@pytest.mark.parametrize("heart_rate", [45.0, 61.0, 80.0, 100.0])
def test_ventricles_are_fullest_at_the_r_wave_and_emptiest_at_end_systole_when_atria_have_filled(heart_rate):
    curves = beat(body(heart_rate), SHAPE, 50)
    assert curves.lv.argmax() == 0
    assert 14 <= curves.lv.argmin() <= 25
    assert curves.lv.argmin() == pytest.approx(end_systole_ms(body(heart_rate)) / curves.rr_ms * 50, abs=3)
    assert np.corrcoef(curves.lv, curves.la)[0, 1] < -0.9
    assert np.corrcoef(curves.rv, curves.ra)[0, 1] < -0.9


def test_the_beat_closes_and_a_smooth_step_is_flat_at_both_ends():
    fine = beat(body(61.0), SHAPE, 1000)
    for curve in (fine.lv, fine.rv, fine.la, fine.ra, fine.twist):
        assert abs(curve[-1] - curve[0]) < 0.02
    np.testing.assert_allclose(smooth_step(np.array([-1.0, 0.0, 0.5, 1.0, 2.0])), [0.0, 0.0, 0.5, 1.0, 1.0])


def test_a_slow_heart_rests_between_filling_and_kick_and_a_fast_one_does_not():
    def resting(heart_rate: float) -> int:
        curves = beat(body(heart_rate), SHAPE, 200)
        filling = (curves.lv > 0.05) & (curves.lv < 0.98)
        return int((np.abs(np.gradient(curves.lv)) < 1e-4)[filling].sum())

    assert resting(50.0) > 20
    assert resting(100.0) == 0


def test_every_curve_reaches_its_extremes_at_a_sampled_frame_and_without_a_kick_nothing_fills_late():
    curves = beat(body(61.0), SHAPE, 16)
    for curve in (curves.lv, curves.rv, curves.la, curves.ra):
        assert curve.min() == 0.0
        assert curve.max() == 1.0
    still = beat(body(61.0), SHAPE.__class__(**{**vars(SHAPE), "kick": 0.0, "passive": 1.0}), 50)
    assert np.ptp(still.lv[-7:]) < 1e-9
