"""What training shows a plain network of a study."""

import pytest
import torch

from cmr_ssl.models.baselines import PlanesResNet
from cmr_ssl.tasks.phenotype_baseline import PhenotypeBaseline
from tests.tiny import tiny_batch


def baseline(**changes):
    return PhenotypeBaseline(["LVEF (%)"], PlanesResNet(9, width=8), **changes)


def test_training_takes_planes_away_closes_ranks_and_leaves_at_least_one():
    batch = tiny_batch(subjects=40, slices=6)
    left = baseline(plane_dropout=0.5).train().depleted(batch)
    counts = left.present.sum(dim=1)
    assert counts.min() >= 1
    assert counts.float().mean() == pytest.approx(4.5, abs=0.8)
    slices = left.present[:, 3:].long()
    assert (slices.diff(dim=1) <= 0).all()  # no gap in the stack
    assert (left.images[~left.present] == 0).all()
    assert baseline(plane_dropout=1.0).depleted(batch).present.sum(dim=1).unique().tolist() == [1]


def test_which_planes_depends_on_seed_and_subject_only_and_evaluation_sees_all():
    batch = tiny_batch(subjects=6, slices=6)
    one, again, other = (baseline(plane_dropout=0.5, seed=seed).depleted(batch).present for seed in (0, 0, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    task = baseline(plane_dropout=0.5).eval()
    torch.testing.assert_close(task.features(batch), task.network(batch.images, batch.present))


def test_a_probability_above_one_is_refused():
    with pytest.raises(ValueError, match=r"model\.plane_dropout needs a rate between 0 and 1, got 1.5"):
        baseline(plane_dropout=1.5)
