import numpy as np
import pytest

from cmr_ssl.sources.label_contrast import unlike_images
from tests.labelled import BRIGHTNESS, heart

HEART = heart((40, 36, 8, 12))


def picture(noise=30.0, gain=1.0):
    """Return images of the heart; the noise hides a part of the difference, as in patients."""
    return (BRIGHTNESS[HEART] + np.random.default_rng(3).normal(0, noise, HEART.shape)) * gain


@pytest.mark.parametrize("images", [
    picture(), picture(80), -500 + picture(), (picture() * 3).astype(np.uint16), picture(gain=np.linspace(1, 9, 12)),
])  # fmt: skip
def test_labels_fit_the_images_on_which_they_were_drawn_whatever_their_scale_or_that_of_their_frames(images):
    assert unlike_images(HEART, images) == ""
    only_ends = np.where(np.isin(np.arange(12), (0, 6)), HEART, 255)
    assert unlike_images(only_ends, images) == ""


@pytest.mark.parametrize(
    "other",
    [HEART[::-1], HEART[::-1, ::-1], np.roll(HEART, 8, axis=0), np.roll(HEART, 9, axis=1), np.roll(HEART, 4, axis=3),
     np.roll(HEART, 6, axis=3)],
)  # fmt: skip
def test_labels_of_other_places_or_frames_do_not(other):
    assert "they belong to other" in unlike_images(other, picture())


@pytest.mark.parametrize("left_out", [1, 2])
def test_nothing_is_said_where_nothing_can_be_compared(left_out):
    assert unlike_images(np.where(left_out == HEART, 0, HEART)[::-1], picture()) == ""
    assert unlike_images(HEART[..., :1], picture()[..., :1]) == ""
