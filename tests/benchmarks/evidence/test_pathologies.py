import pandas as pd
import pytest
import torch

from benchmarks.evidence.pathologies import A_CLASS, PATHOLOGIES, POOL, labelled, mistakes


def test_each_draw_labels_five_of_each_pathology_and_none_that_is_tested():
    true = torch.arange(len(PATHOLOGIES)).repeat_interleave(20)
    place = torch.arange(20).repeat(len(PATHOLOGIES))
    first, again, other = (labelled(place, true, draw) for draw in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert true[first].bincount().tolist() == [A_CLASS] * len(PATHOLOGIES)
    assert place[first].max() < POOL


def test_the_mean_mistake_is_one_less_the_balanced_accuracy(tmp_path):
    (tmp_path / "pathologies").mkdir()
    rows = pd.DataFrame({"subject": list("abcd"), "true": [0, 0, 0, 1], "said": [0, 1, 1, 1], "draw": 0})
    rows.assign(arm="one", pretraining="").to_parquet(tmp_path / "pathologies" / "one.parquet")
    assert mistakes(tmp_path)["error"].mean() == pytest.approx(1 - (1 / 3 + 1) / 2)
