import numpy as np
import pandas as pd
import torch

from experiments.evidence.arms import BOTH, RAW, SHIPPED, TOKENS, UNTRAINED
from experiments.evidence.real_hearts import FOLDS, REPEATS, TARGETS, folds, measured, page, predicted
from tests.untrained import write_untrained


def test_nobody_is_tested_by_a_head_that_learnt_from_him_and_everybody_is_tested_in_each_repeat():
    asked = [*folds(12)]
    assert len(asked) == REPEATS * FOLDS
    for _, training, tested in asked:
        assert not {*training} & {*tested}
    for repeat in range(REPEATS):
        assert sorted(np.concatenate([tested for one, _, tested in asked if one == repeat])) == [*range(12)]
    true = torch.arange(12.0)[:, None].repeat(1, len(TARGETS))
    telling = true[:, None].repeat(1, 2, 1)
    assert np.abs(predicted(telling, true) - true.numpy()).mean() < 1  # of 3 for who says the mean


def test_every_arm_is_measured_on_the_patients_of_the_table(hearts, tmp_path):
    checkpoints = [write_untrained(tmp_path / run / "checkpoints" / "last.ckpt", "pretraining") for run in ("a", "b")]
    truth = pd.read_csv(hearts / "cohort" / "phenotypes.csv", dtype={"eid": str}).rename(columns={"eid": "subject"})
    truth.assign(group="A").to_csv(tmp_path / "phenotypes.csv", index=False)
    rows = measured(tmp_path, hearts / "cache", checkpoints)
    assert {*rows["arm"]} == {RAW, UNTRAINED, TOKENS, SHIPPED, BOTH}
    assert rows["error"].notna().all()
    written = page(rows)
    assert "2 pretrainings" in written
    assert f"| {SHIPPED} | {RAW} | " in written
    assert all(target in written for target in TARGETS)
