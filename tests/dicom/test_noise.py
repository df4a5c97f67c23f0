import numpy as np
import pytest

from cmr_ssl.dicom.noise import is_noise
from tests.dicoms import read_zip, tiny, view_files

CHANCE = np.random.default_rng(3)
PICTURE = tiny("sa").pixels[:, :, 1].mean(axis=-1)


def phase_image(body):
    """Return a phase image: noise around a smooth body that covers a part of the picture."""
    noise = CHANCE.uniform(0, 4096, (64, 64))
    noise[: int(64 * body)] = 2048
    return noise


@pytest.mark.parametrize("picture", [CHANCE.normal(size=(40, 40)), *map(phase_image, (0.2, 0.5, 0.8))])
def test_noise_and_phase_are_no_pictures(picture):
    assert is_noise(picture)


@pytest.mark.parametrize(
    "picture", [PICTURE, PICTURE + CHANCE.normal(0, 0.2 * PICTURE.std(), PICTURE.shape), 0 * PICTURE]
)
def test_hearts_and_empty_images_are_no_noise(picture):
    assert not is_noise(picture)


def test_a_study_of_unnamed_phase_is_rejected(tmp_path):
    whole = tiny("sa")
    whole.pixels = CHANCE.integers(0, 4096, whole.pixels.shape).astype(np.int16)
    study, series = read_zip(tmp_path, view_files(whole, ImageType=["ORIGINAL", "PRIMARY", "OTHER"]))
    assert not series
    assert {found.code for found in study.findings} >= {"noise"}
