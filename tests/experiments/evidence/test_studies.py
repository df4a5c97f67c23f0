import pytest
import torch

from cmr_ssl.models.tokens import is_short_axis
from experiments.evidence.studies import CONDITIONS, DEPLETED, LOOKS, condition_of
from tests.tiny import tiny_batch


def left(name):
    batch = tiny_batch(subjects=40, slices=9)
    return condition_of(name, 12)(batch)


def test_conditions_leave_the_planes_they_say():
    counts = {name: left(name).present.sum(dim=1) for name in CONDITIONS}
    assert {name: count.unique().tolist() for name, count in counts.items()} == {
        "all planes": [12],
        "half of the planes": [6],
        "only 3 planes": [3],
        "long axis only": [3],
    }
    batch = left("long axis only")
    assert not (batch.present & is_short_axis(batch.affine)).any()


def test_copies_that_heads_learn_from_lack_half_of_the_planes_but_never_all():
    batch = left(DEPLETED)
    counts = batch.present.sum(dim=1)
    assert counts.min() >= 1
    assert counts.float().mean() == pytest.approx(6, abs=0.8)
    assert (batch.images[~batch.present] == 0).all()
    torch.testing.assert_close(left(DEPLETED).present, batch.present)


def test_another_look_changes_grey_values_and_nothing_else_and_is_the_same_again():
    batch = tiny_batch(subjects=4, slices=9)
    looks = [condition_of(look, 12)(batch) for look in LOOKS]
    assert all((look.images != batch.images).any(dim=(1, 2, 3, 4)).all() for look in looks)
    assert (looks[0].images != looks[1].images).any()
    torch.testing.assert_close(looks[0].affine, batch.affine)
    torch.testing.assert_close(condition_of(LOOKS[0], 12)(batch).images, looks[0].images)
