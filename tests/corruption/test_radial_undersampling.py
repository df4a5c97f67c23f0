import pytest
import torch

from cmr_ssl.corruption import RadialUndersampling, corrupt, draw_flaws
from tests.corruption.flaws import blob, hit, tiny_batch

pytest.importorskip("finufft")


def undersampled(acceleration, seeds=(1, 2), batch=None, **how):
    batch = batch or blob(tiny_batch())
    flaw = RadialUndersampling(1.0, acceleration, **how)
    return corrupt([flaw], batch, draw_flaws(1, batch.images.shape[1], seeds))


def test_fewer_spokes_are_further_from_the_truth():
    true = blob(tiny_batch()).images
    errors = [float((undersampled(acceleration, snr=None) - true).square().mean()) for acceleration in (1, 2, 4, 8)]
    assert errors == sorted(errors)
    assert errors[0] < 0.1 * errors[-1]


def test_it_depends_on_the_seed_of_the_subject_only_and_leaves_other_planes_alone():
    batch = tiny_batch()
    alone = type(batch)(*(field[1:] for field in batch))
    torch.testing.assert_close(undersampled(4, (1, 2), batch)[1:], undersampled(4, (2,), alone))
    changed = (hit(RadialUndersampling(), batch, [1, 4]) != batch.images).flatten(2).any(dim=2)
    assert [row.nonzero().flatten().tolist() for row in changed] == [[1, 4]] * 2


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ValueError, match="must be 1 or more"):
        RadialUndersampling(1.0, 0.5)
    with pytest.raises(ValueError, match="leaves no spoke of 16"):
        undersampled(64)
