import numpy as np
import pytest

from cmr_ssl.dicom.sharpest_try import look_at
from tests.dicoms import SIDE, cine, showing, stack_affines

PICTURE = np.random.default_rng(0).integers(100, 1000, (SIDE, SIDE)).astype(np.int16)


def sharp(pixels, mm=(12.0, 12.0)):
    one = cine(stack_affines()[0], "CINE_segmented_SAX_b1")
    return look_at(showing(one._replace(grid=one.grid._replace(spacing=mm)), pixels)).sharpness


def test_a_ramp_has_the_sharpness_one_works_out_by_hand():
    ramp = np.tile(np.arange(SIDE, dtype=np.int16), (SIDE, 1))  # steps of 1 along rows, variance (n^2 - 1) / 12
    assert sharp(ramp, (5.0, 2.0)) == pytest.approx(1 / 2.0**2 / ((SIDE**2 - 1) / 12))


def test_motion_makes_it_less_and_brightness_and_contrast_make_no_difference():
    assert sharp(2 * PICTURE + 30) == pytest.approx(sharp(PICTURE))
    moved = (PICTURE // 2 + np.roll(PICTURE, 1, axis=0) // 2).astype(np.int16)
    assert sharp(moved) < 0.8 * sharp(PICTURE)


def test_without_a_picture_nothing_is_known():
    assert np.isnan(sharp(np.zeros((SIDE, SIDE), np.int16)))
    assert np.isnan(look_at(cine(stack_affines()[0], "b1")).sharpness)
