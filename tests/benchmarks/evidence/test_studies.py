import pytest
import torch

from benchmarks.evidence.studies import CONDITIONS, DEPLETED, condition_of
from cmr_ssl.models.tokens import is_short_axis
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
