from inspect import signature

import pytest
import torch

from cmr_ssl.corruption import ThroughPlaneShift
from cmr_ssl.data.augment import Augmentation
from tests.caches import GAP_MM
from tests.corruption.flaws import blob, hit, middle, tiny_batch

FLAW = ThroughPlaneShift(least_mm=4, most_mm=4)
SHARE = 4 / GAP_MM


def mixture(batch, plane, neighbour):
    return (1 - SHARE) * batch.images[:, plane] + SHARE * batch.images[:, neighbour]


@pytest.mark.parametrize(
    ("plane", "draw", "neighbour"), [(5, 0.9, 4), (5, 0.1, 6), (3, 0.1, 4), (3, 0.9, 4), (8, 0.1, 7), (8, 0.9, 7)]
)
def test_a_slice_mixes_with_the_next_one_in_the_drawn_direction_and_an_end_with_its_only_neighbour(
    plane, draw, neighbour
):
    batch = tiny_batch(slices=6)  # planes 3 to 8, from base to apex
    after = hit(FLAW, batch, [plane], (0.5, draw, 0.0))
    torch.testing.assert_close(after[:, plane], mixture(batch, plane, neighbour), atol=1e-5, rtol=0)


def test_a_missing_slice_is_no_neighbour_and_a_slice_alone_stays_as_it_is():
    batch = tiny_batch(slices=6)
    batch.present[:, 4] = False
    after = hit(ThroughPlaneShift(least_mm=GAP_MM, most_mm=GAP_MM), batch, [5], (0.5, 0.9, 0.0))
    half = (batch.images[:, 5] + batch.images[:, 3]) / 2  # two gaps away
    torch.testing.assert_close(after[:, 5], half, atol=1e-5, rtol=0)
    batch = tiny_batch(slices=1)
    assert torch.equal(hit(FLAW, batch, [3]), batch.images)


def test_slices_are_mixed_where_they_lie_whatever_their_grids():
    batch = blob(tiny_batch(subjects=1, slices=4), at=(7.0, 8.5))
    still = dict.fromkeys(signature(Augmentation).parameters, 0.0)
    turning = Augmentation(**still | {"rotation_degrees": 40.0, "shift_mm": 8.0})
    images, affine = turning(batch.images, batch.affine, turning.draw(7, [3]))
    turned = batch._replace(images=images, affine=affine)
    after = hit(ThroughPlaneShift(least_mm=GAP_MM, most_mm=GAP_MM), turned, [4], (0.5, 0.9, 0.0))
    torch.testing.assert_close(middle(after[0, 4]), middle(images[0, 4]), atol=0.1, rtol=0)
    assert (after[0, 4] != images[0, 4]).any()
    assert (middle(images[0, 3]) - middle(images[0, 4])).abs().max() > 0.5
