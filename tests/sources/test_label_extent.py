import numpy as np
import pytest

from cmr_ssl.sources.label_extent import lost_at_es, short_part, unseen_part
from tests.labelled import STACK, heart

HEART = heart((40, 36, 8, 6))  # base first; its affine goes from base to apex
FLIPPED = STACK @ np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, -1, 7], [0, 0, 0, 1.0]])


@pytest.mark.parametrize("oriented", [True, False])
def test_a_whole_heart_is_seen_whole_also_where_the_stack_begins_at_its_base(oriented):
    for labels, affine in ((HEART, STACK), (HEART[:, :, 1:], STACK), (HEART[:, :, ::-1], FLIPPED)):
        assert unseen_part(labels, affine, oriented) == ""
        assert lost_at_es(labels, affine) == ""


@pytest.mark.parametrize("oriented", [True, False])
@pytest.mark.parametrize("slices", [slice(3), slice(4), slice(2, 4), slice(3, 4), slice(1, 5)])
def test_a_stack_that_ends_in_the_middle_of_the_heart_is_a_part_of_it(slices, oriented):
    assert "a part of the heart is unseen" in unseen_part(HEART[:, :, slices], STACK, oriented)
    assert "a part of the heart is unseen" in unseen_part(HEART[:, :, slices][:, :, ::-1], FLIPPED, oriented)


def test_nothing_is_said_of_a_heart_that_nobody_drew():
    nothing = HEART * 0
    assert unseen_part(nothing, STACK, True) == short_part(nothing, STACK) == lost_at_es(nothing, STACK) == ""
    assert lost_at_es(HEART[..., :1], STACK) == ""


@pytest.mark.parametrize(
    ("lost", "said"), [([6], False), ([5, 6], False), ([1, 6], False), ([4, 5, 6], True), ([1, 2, 3], True)]
)
def test_a_heart_shortens_at_es_by_no_more_than_two_slices(lost, said):
    labels = HEART.copy()
    labels[:, :, lost, 3] = 0
    assert ("30 mm shorter at ES (frame 3)" in lost_at_es(labels, STACK)) == said
    labels[:, :, lost, 3] = 255  # unlabelled is no statement
    assert lost_at_es(labels, STACK) == "" or said


def test_a_few_slices_from_the_middle_are_certainly_a_part():
    for slices in (slice(3, 4), slice(2, 4), slice(2, 5)):
        assert "a part of the heart" in short_part(HEART[:, :, slices], STACK)
    assert short_part(HEART, STACK) == short_part(HEART[:, :, 1:], STACK) == ""
