import re

import numpy as np
import pytest
from scipy.ndimage import binary_erosion

from cmr_ssl.sources.label_shapes import implausible_shape
from tests.labelled import STACK, heart

HEART = heart((40, 36, 8, 6))


def outlined(value):
    drawn = HEART.copy()
    for index in np.ndindex(drawn.shape[2:]):
        picture = drawn[:, :, *index]
        picture[binary_erosion(picture == value)] = 0
    return drawn


def one_class_a_frame():
    return np.stack([(HEART[..., 0] == value).astype(np.uint8) for value in (1, 2, 3)], axis=-1)


def with_holes():
    """Return a heart whose papillary muscles were left out of the blood."""
    drawn = HEART.copy()
    column, row = np.argwhere(drawn[:, :, 3, 0] == 1).mean(axis=0).round().astype(int)
    muscle = drawn[column : column + 2, row : row + 2]
    muscle[muscle == 1] = 0
    return drawn


@pytest.mark.parametrize("sound", [HEART, HEART[..., :1], HEART[..., ::3], with_holes(), np.zeros_like(HEART)])
def test_a_heart_has_a_plausible_shape(sound):
    assert implausible_shape(sound, STACK) == ""


@pytest.mark.parametrize(
    ("drawn", "said"),
    [
        (outlined(1), "the LV is drawn as an outline"),
        (outlined(3), "the RV is drawn as an outline"),
        (one_class_a_frame(), "the LV is .* mm from its place"),
        (np.where(HEART == 3, 1, HEART).astype(np.uint8), "a part of the LV lies outside"),
        (np.array([0, 3, 2, 3], np.uint8)[HEART], "the wall is drawn around RV"),
        (np.array([0, 1, 2, 2], np.uint8)[HEART], "21% of the myocardium is more than 30 mm"),
        (np.array([0, 0, 2, 1], np.uint8)[HEART], "the wall is drawn around background"),
        (np.maximum(HEART, np.roll((HEART == 1), -22, axis=0)).astype(np.uint8), "a part of the LV lies outside"),
    ],
)
def test_outlines_classes_as_frames_and_second_hearts_are_named(drawn, said):
    assert re.match(said, implausible_shape(drawn, STACK))
