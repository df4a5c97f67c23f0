import numpy as np
import pytest
import torch
from torch import nn

from cmr_ssl.inference.blending import INTERPOLATED, USUAL, cines_at, estimate_without, reaches
from cmr_ssl.inference.comparators import ReferencePlanes, interpolated, is_short_axis_view
from tests.caches import short_axis
from tests.oracle import Oracle, lit
from tests.tiny import PATCH, tiny_batch, tiny_task

PLACE = (9.0, -7.0, 6.0)


class Biased(nn.Module):
    """Knows the truth but for what it never saw: a pattern that is the same at every height of the heart."""

    def __init__(self, oracle, strength):
        super().__init__()
        self.oracle, self.strength = oracle, strength

    def forward(self, encoded, wanted):
        pattern = torch.sin(wanted.centre[..., :1] / 15) * torch.cos(wanted.centre[..., 1:2] / 15)
        return self.oracle(encoded, wanted) + self.strength * pattern


class Useless(nn.Module):
    """Tells noise."""

    def forward(self, encoded, wanted):
        generator = torch.Generator().manual_seed(wanted.centre.shape[1])
        return torch.rand(*wanted.centre.shape[:2], np.prod(PATCH), generator=generator)


def task_of(decoder):
    task = tiny_task()
    task.decoder = decoder
    return task


@pytest.fixture(scope="module")
def heart():
    return lit(tiny_batch(subjects=1, slices=7), Oracle(PLACE, PATCH))


def error(heart, plane, told):
    return float((told - heart.images[0, plane]).square().mean())


def stack_of(heart):
    return ReferencePlanes(heart.images[0], heart.affine[0], is_short_axis_view(heart.view[0]))


def from_stack(heart, plane):
    planes = stack_of(heart)
    return interpolated(planes.select(torch.arange(len(planes.images)) != plane), planes.affine[plane])


def test_what_a_model_misses_in_every_slice_is_not_missed_between_them(heart):
    task = task_of(Biased(Oracle(PLACE, PATCH), 0.2))
    reach = reaches(task, heart)
    for plane in (4, 5, 6, 7, 8):
        told = estimate_without(task, heart, plane)
        assert error(heart, plane, told.blended(reach[True])) < 0.1 * error(heart, plane, told.model.clamp(0, 1))


@pytest.mark.parametrize("decoder", [Useless(), Biased(Oracle(PLACE, PATCH), 5.0), Oracle((-30.0, 20.0, 9.0), PATCH)])
def test_the_stack_is_interpolated_where_the_model_knows_no_better(heart, decoder):
    task = task_of(decoder)
    reach = reaches(task, heart)
    for kind, planes in ((True, range(3, 10)), (False, range(3))):
        told = sum(error(heart, plane, estimate_without(task, heart, plane).blended(reach[kind])) for plane in planes)
        assert told <= sum(error(heart, plane, from_stack(heart, plane)) for plane in planes) * (1 + 1e-6)
    if isinstance(decoder, Useless):  # which is not listened to at all
        assert reach[True] == INTERPOLATED
        between = (heart.affine[0, 5] + heart.affine[0, 6]) / 2
        told = cines_at(task, heart, between[None].numpy())[0]
        np.testing.assert_array_equal(told, (interpolated(stack_of(heart), between) * 255).round().byte().numpy())


def test_a_model_that_knows_the_heart_is_believed_where_slices_are_far_apart(heart):
    task = task_of(Oracle(PLACE, PATCH))
    at = np.array([short_axis(7.0), short_axis(-31.0)])
    wanted = lit(
        heart._replace(affine=torch.tensor(at[None], dtype=torch.float32), images=heart.images[:, :2]), task.decoder
    )
    np.testing.assert_allclose(cines_at(task, heart, at), wanted.images[0] * 255, atol=0.51)


def test_hearts_without_neighbours_are_told_by_the_model_alone():
    batch = tiny_batch(subjects=1)
    task = task_of(Oracle(PLACE, PATCH))
    alone, long = torch.zeros_like(batch.present), torch.zeros_like(batch.present)
    alone[0, 4], long[0, :3] = True, True
    at = batch.affine[0, 5:6].numpy()
    assert reaches(task, batch._replace(present=alone)) == USUAL
    told = cines_at(task, batch._replace(present=long), at)
    np.testing.assert_allclose(told, lit(batch, task.decoder).images[:, 5] * 255, atol=0.51)
