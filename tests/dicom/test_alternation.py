import numpy as np
import pytest

from cmr_ssl.dicom.alternation import alternates
from tests.dicoms import read_zip, tiny, view_files

BEAT = tiny("sa").pixels[:, :, 1].T.astype(np.float32)  # (T, Y, X)
NOISE = np.random.default_rng(0).normal(0, 30, BEAT.shape)


@pytest.mark.parametrize("other", [np.roll(BEAT, 2, axis=1), 4 * BEAT.max() - BEAT, BEAT / 2])
def test_two_acquisitions_frame_by_frame_alternate(other):
    assert alternates(np.stack([BEAT, other], axis=1).reshape(-1, *BEAT.shape[1:]))


@pytest.mark.parametrize("one", [BEAT, BEAT + NOISE, NOISE, 0 * BEAT, np.roll(BEAT, 3, axis=0), BEAT[::-1], BEAT[:3]])
def test_a_beat_and_mere_noise_do_not(one):
    assert not alternates(one)


def test_slices_of_two_mixed_holds_are_left_out_aloud(tmp_path):
    whole, mixed = tiny("sa"), tiny("sa", frames=16)
    holds = [whole.pixels, np.roll(whole.pixels, 2, axis=0)]
    mixed.pixels = np.stack(holds, axis=-1).reshape(*whole.pixels.shape[:3], 16)
    study, series = read_zip(tmp_path, view_files(mixed, frame_ms=50.0, CardiacNumberOfImages=None))
    assert not series
    assert {found.code for found in study.findings if found.severity == "rejected"} >= {"mixed-acquisitions"}
