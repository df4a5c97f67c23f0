import numpy as np

from cmr_ssl.sources.label_slices import repeated_slices, unsynchronised
from tests.labelled import STACK, heart

HEART = heart((40, 36, 8, 12))


def turned(frames):
    """Return a heart of whose slices each begins as many frames later as the list says."""
    return np.stack([np.roll(HEART[:, :, index], by, axis=-1) for index, by in enumerate(frames)], axis=2)


def test_slices_that_begin_at_different_parts_of_the_beat_are_told_but_no_aneurysm_and_no_later_beat():
    assert repeated_slices(HEART, STACK) == []
    assert unsynchronised(HEART) == ""
    assert "contract at another time" in unsynchronised(turned([0, 6] * 4))
    assert "contract at another time" in unsynchronised(turned([0, 5, 2, 8, 10, 4, 7, 3]))
    assert unsynchronised(turned([0, 0, 0, 6, 0, 0, 0, 0])) == ""
    assert unsynchronised(turned([5] * 8)) == ""


def test_one_slice_that_is_there_twice_is_named_and_slices_that_are_all_alike_are_no_copies():
    alike = HEART[:, :, 3:4].repeat(6, axis=2)
    assert repeated_slices(alike, STACK) == []
    assert repeated_slices(HEART[:, :, [0, 1, 2, 3, 3, 4, 5, 6, 7]], STACK) == [3]
