from importlib.util import find_spec

import pytest
import torch

from cmr_ssl import corruption
from cmr_ssl.corruption import LowContrast, Mistriggering, ThroughPlaneShift, WrongView, corrupt, draw_flaws
from tests.corruption.flaws import hit, tiny_batch

RANGED = ("InPlaneShift", "LowContrast", "Mistriggering", "MotionBlur", "Noise", "ThroughPlaneShift", "WrapAround")
FLAWS = [getattr(corruption, name) for name in (*RANGED, "WrongView", "KSpaceUndersampling")]
FLAWS += [corruption.RadialUndersampling] if find_spec("finufft") else []
every_flaw = pytest.mark.parametrize("flaw", FLAWS)


def corrupted(flaw, batch, seeds=(1, 2), rate=0.5):
    return corrupt([flaw(rate)], batch, draw_flaws(1, batch.images.shape[1], seeds))


@every_flaw
def test_the_batch_itself_stays_clean_and_nothing_happens_at_rate_zero(flaw):
    batch = tiny_batch()
    before = batch.images.clone()
    assert torch.equal(corrupted(flaw, batch, rate=0.0), before)
    assert not torch.equal(corrupted(flaw, batch), before)
    assert torch.equal(batch.images, before)


@every_flaw
def test_mixed_precision_changes_no_flaw(flaw):
    with torch.autocast("cpu", torch.bfloat16):
        mixed = corrupted(flaw, tiny_batch())
    assert torch.equal(mixed, corrupted(flaw, tiny_batch()))


@every_flaw
def test_only_planes_that_are_hit_change(flaw):
    batch, planes = tiny_batch(slices=6), [1, 4, 7]
    changed = (hit(flaw(), batch, planes) != batch.images).flatten(2).any(dim=2)
    if flaw is WrongView:  # plane 1 and whichever of 0 and 2 is its partner
        assert changed[:, 1].all()
        assert (changed[:, :3].sum(dim=1) == 2).all()
        assert not changed[:, 3:].any()
    elif flaw is ThroughPlaneShift:
        assert [row.nonzero().flatten().tolist() for row in changed] == [[4, 7]] * 2
    else:
        assert [row.nonzero().flatten().tolist() for row in changed] == [planes] * 2


@every_flaw
def test_intensities_stay_in_their_range_and_are_numbers(flaw):
    after = corrupted(flaw, tiny_batch(), rate=1.0)
    assert 0 <= after.min() < after.max() <= 1


@every_flaw
def test_a_flaw_depends_on_the_seed_of_the_subject_only(flaw):
    batch = tiny_batch()
    alone = type(batch)(*(field[1:] for field in batch))
    torch.testing.assert_close(corrupted(flaw, batch, (1, 2))[1:], corrupted(flaw, alone, (2,)))


@every_flaw
def test_what_is_not_present_has_no_part_in_it(flaw):
    batch = tiny_batch(slices=6)
    batch.present[:, [1, 4]] = False
    other = batch.images.clone()
    other[:, [1, 4]] = torch.rand_like(other[:, [1, 4]])
    first, second = (corrupted(flaw, batch._replace(images=images), rate=1.0) for images in (batch.images, other))
    assert torch.equal(first[batch.present], second[batch.present])


@every_flaw
def test_a_rate_that_is_none_is_refused(flaw):
    with pytest.raises(ValueError, match=f"{flaw.__name__} needs a rate between 0 and 1, got 1.2"):
        flaw(1.2)


@pytest.mark.parametrize("flaw", FLAWS[: len(RANGED)])
def test_a_range_that_ends_before_it_begins_is_refused(flaw):
    with pytest.raises(ValueError, match=r"the least first, got 0\.4 to 0\.3"):
        flaw(0.1, 0.4, 0.3)


def test_planes_are_flawed_at_the_rate():
    batch = tiny_batch(subjects=200, slices=7)
    changed = (corrupted(LowContrast, batch, range(200), rate=0.2) != batch.images).flatten(2).any(dim=2)
    assert abs(changed.float().mean() - 0.2) < 0.045  # five standard deviations


def test_a_plane_can_have_several_flaws():
    batch = tiny_batch()
    draws = draw_flaws(2, 7, [1, 2])
    both = corrupt([Mistriggering(1.0), LowContrast(1.0)], batch, draws)
    first = batch._replace(images=corrupt([Mistriggering(1.0)], batch, draws[:, :1]))
    torch.testing.assert_close(both, corrupt([LowContrast(1.0)], first, draws[:, 1:]))
