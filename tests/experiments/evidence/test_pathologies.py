from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from experiments.cohorts import Cohort
from experiments.evidence import pathologies
from experiments.evidence.arms import Source
from experiments.evidence.features import file_of
from experiments.evidence.pathologies import A_CLASS, EVERYBODY, PATHOLOGIES, POOL, labelled, mistakes
from experiments.evidence.studies import PLAIN
from experiments.features import save


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


def test_classes_that_features_tell_are_told_and_others_are_guessed(hearts, tmp_path):
    names = [f"hearts-{name}" for name in PATHOLOGIES]
    cohorts = [Cohort(name, hearts / "cohort", hearts / "cache", fractions=EVERYBODY) for name in names]
    rng, source = np.random.default_rng(0), Source("one", Path("a.ckpt"), ("telling", "blind"))
    for index, cohort in enumerate(cohorts):
        for copy in PLAIN:
            noise = rng.normal(size=(10, 20)).astype(np.float32)
            telling = noise + 20 * np.eye(20, dtype=np.float32)[index]
            for name, seen in (("blind", noise), ("telling", telling)):
                save(file_of(tmp_path, "one", name, pathologies.portion(cohort), copy), seen)
    for arm in source.arms:
        pathologies.classify(tmp_path, source, arm, cohorts, draws=2, pool=6)
    wrong = mistakes(tmp_path).groupby("arm")["error"].mean()
    assert wrong["telling"] == 0
    assert 0.5 < wrong["blind"] < 1
    assert len(mistakes(tmp_path)) == 2 * 2 * 7 * 4  # arms, draws, pathologies, hearts that may not be labelled
