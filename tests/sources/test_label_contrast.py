import numpy as np
import pytest

from cmr_ssl.sources.label_contrast import unlike_images
from tests.labelled import heart

HEART = heart((40, 36, 8, 12))
BRIGHTNESS = np.array([80.0, 200.0, 60.0, 190.0])  # around, blood, wall, blood


def picture(noise=30.0, gain=1.0):
    """Return images of the heart; the noise hides a part of the difference, as in patients."""
    rng = np.random.default_rng(3)
    return (BRIGHTNESS[HEART] + rng.normal(0, noise, HEART.shape)) * gain


@pytest.mark.parametrize("images", [picture(), picture(80), -500 + picture(), (picture() * 3).astype(np.uint16)])
def test_labels_fit_the_images_on_which_they_were_drawn(images):
    assert unlike_images(HEART, images) == ""
    only_ends = np.where(np.isin(np.arange(12), (0, 6)), HEART, 255)
    assert unlike_images(only_ends, images) == ""


def test_frames_may_have_scales_of_their_own():
    assert unlike_images(HEART, picture(gain=np.linspace(1, 9, 12))) == ""


@pytest.mark.parametrize(
    "change",
    [
        lambda labels: labels[::-1],
        lambda labels: labels[:, ::-1][::-1],
        lambda labels: np.roll(labels, 8, axis=0),
        lambda labels: np.roll(labels, 9, axis=1),
        lambda labels: np.roll(labels, 4, axis=3),
        lambda labels: np.roll(labels, 6, axis=3),
    ],
)
def test_labels_of_other_places_or_frames_do_not(change):
    assert "they belong to other" in unlike_images(change(HEART), picture())


@pytest.mark.parametrize("left_out", [1, 2])
def test_nothing_is_said_where_nothing_can_be_compared(left_out):
    assert unlike_images(np.where(left_out == HEART, 0, HEART)[::-1], picture()) == ""
    assert unlike_images(HEART[..., :1], picture()[..., :1]) == ""
