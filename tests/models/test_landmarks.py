import pytest
import torch

from cmr_ssl.models import Landmarks
from tests.tiny import tiny_batch, tiny_encoder

NEAR = Landmarks((0.0,), (-30.0, 30.0), reach_mm=5.0, beats=2)


def encoded():
    batch = tiny_batch(1)
    with torch.inference_mode():
        return tiny_encoder().encode_planes(batch.images, batch.affine, batch.present)


def test_what_is_near_counts_a_constant_is_its_own_average_and_nobody_s_is_zero():
    where = encoded().where
    values, attend = torch.full((1, where.phase.shape[1], 3), 7.0), where.phase < 0.5
    found = NEAR(values, attend, where).unflatten(1, (2, 2, 3))
    torch.testing.assert_close(found[:, :, 0], torch.full((1, 2, 3), 7.0))
    assert (found[:, :, 1] == 0).all()
    assert NEAR.count == 4
    below, above = NEAR(where.centre, torch.ones_like(where.phase, dtype=torch.bool), where).unflatten(1, (2, 2, 3))[0]
    assert (below[:, 2] < -20).all()
    assert (above[:, 2] > 20).all()


@pytest.mark.parametrize("wrong", [{"across_mm": ()}, {"reach_mm": 0.0}, {"beats": 0}])
def test_landmarks_of_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match="landmarks need places, a reach and a beat"):
        Landmarks(**wrong)
