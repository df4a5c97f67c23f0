import numpy as np
import pytest

from cmr_ssl.preparation.doubled_slices import doubled_beat, doubled_slices
from tests.labelled import STACK, heart

HEART = heart((40, 36, 8, 6))
PICTURE = (60 + 50.0 * HEART + np.random.default_rng(0).normal(0, 9, HEART.shape)).astype(np.float32)


@pytest.mark.parametrize("sound", [HEART, PICTURE])
def test_slices_that_are_stored_twice_are_told_from_a_finer_grid(sound):
    for stored in (sound.repeat(2, axis=2), np.concatenate([sound, sound], axis=2)):
        assert "stored twice" in doubled_slices(stored, STACK)
        assert doubled_slices(stored, STACK @ np.diag([1, 1, 0.5, 1])) == ""
    assert doubled_slices(sound, STACK) == ""


def test_slices_that_are_all_alike_are_no_copies():
    assert doubled_slices(HEART[:, :, 3:4].repeat(6, axis=2), STACK) == ""


@pytest.mark.parametrize("sound", [HEART, PICTURE])
def test_a_beat_that_is_stored_twice_is_told_from_one_that_is_still(sound):
    beat = np.stack([np.roll(sound[..., 0], shift, axis=0) for shift in (0, 1, 2, 1)], axis=-1)
    assert "store one beat" in doubled_beat(np.concatenate([beat, beat], axis=-1))
    assert doubled_beat(beat.repeat(2, axis=-1)) == ""
    assert doubled_beat(sound[..., :1].repeat(8, axis=-1)) == ""
