import pytest

from cmr_ssl.corruption import RadialUndersampling, corrupt, draw_flaws
from tests.corruption.flaws import blob, tiny_batch

pytest.importorskip("finufft")


def undersampled(acceleration, **how):
    flaw = RadialUndersampling(1.0, acceleration, **how)
    return corrupt([flaw], blob(tiny_batch()), draw_flaws(1, 7, (1, 2)))


def test_fewer_spokes_are_further_from_the_truth():
    true = blob(tiny_batch()).images
    errors = [float((undersampled(acceleration, snr=None) - true).square().mean()) for acceleration in (1, 2, 4, 8)]
    assert errors == sorted(errors)
    assert errors[0] < 0.1 * errors[-1]


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="must be 1 or more"):
        RadialUndersampling(1.0, 0.5)
    with pytest.raises(ValueError, match="leaves no spoke of 16"):
        undersampled(64)
