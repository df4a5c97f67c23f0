import pandas as pd
import pytest

from experiments.cohorts import Cohort
from experiments.evidence import segmentation
from experiments.evidence.segmentation import DICE, PRETRAINED, SCRATCH, UNET, Plan, arms, measured, scores_of, train
from tests.untrained import write_untrained


def planned(tmp_path, **options):
    cohort = Cohort("fresh", tmp_path / "cohort", tmp_path / "cache")
    return Plan(cohort, tmp_path / "last.ckpt", tmp_path / "runs", **options)


def test_every_arm_gets_the_same_hearts_steps_and_rates(tmp_path):
    plan = planned(tmp_path)
    shared = []
    for run in plan.trials():
        said = dict(option.removeprefix("--").split("=", 1) for option in plan.words(run))
        assert ("model.encoder_checkpoint" in said) == (run.arm.name == PRETRAINED)
        shared.append({key: value for key, value in said.items() if key.startswith(("data", "trainer", "seed"))})
    assert len(shared) == 9
    assert all(one == shared[0] for one in shared)
    assert {arm.rates for arm in arms()} == {segmentation.RATES}


def written(plan, run, dice, volume, best):
    """Leave what a run leaves that has a Dice, is off by a volume, and was so good on the validation split."""
    scores_of(plan.folder(run)).parent.mkdir(parents=True)
    subjects = [f"90000000{index}" for index in range(6)]
    rows = [(subject, phase, name, dice) for subject in subjects for phase in ("ED", "ES") for name in ("LV", "RV")]
    pd.DataFrame(rows, columns=["subject", "phase", "structure", "dice"]).to_csv(scores_of(plan.folder(run)))
    table = pd.DataFrame({"subject": subjects})
    for name in segmentation.VOLUMES:
        table = table.assign(**{f"predicted {name}": 100.0 + volume, f"true {name}": 100.0})
    table.to_csv(plan.folder(run) / "test" / "volumes.csv")
    return plan.folder(run), {50: best - 0.1, 250: best}


def test_the_page_compares_the_rates_that_validation_chose(tmp_path, monkeypatch):
    plan, curves = planned(tmp_path, draws=2), {}
    for run in plan.trials():
        best = 0.9 if run.rate == segmentation.RATES[1] else 0.8
        dice = {PRETRAINED: 0.95, SCRATCH: 0.9, UNET: 0.85}[run.arm.name] if best == 0.9 else 0.1
        where, told = written(plan, run, dice, 2.0 if run.arm.name == PRETRAINED else 4.0, best)
        curves[where] = told
    monkeypatch.setattr(segmentation, "curve", curves.__getitem__)
    assert {(run.arm.name, run.rate, run.draw) for run in plan.others()} == {
        (arm.name, segmentation.RATES[1], 1) for arm in arms()
    }
    rows = measured(plan)
    assert rows.loc[(rows["arm"] == UNET) & (rows["target"] == DICE), "error"].to_list() == pytest.approx([0.15] * 6)
    segmentation.write_report(plan, tmp_path / "docs")
    text = (tmp_path / "docs" / "segmentation.md").read_text()
    assert "Written by `python -m experiments.evidence.segmentation --draws 2`" in text
    assert "over draws and test subjects" in text
    assert f"| 10 | {PRETRAINED} | 0.95 | 0.95 | 0.95 | 2 |" in text
    assert f"| 10 | {UNET} | +0.1 [+0.1, +0.1]* |" in text  # Dice: more is better
    assert "| -2 [-2, -2]* |" in text  # volumes: less is
    assert f"| {SCRATCH} | 10 | 0.003 | 0.800 | 0.900 | 0.900 |" in text
    assert (tmp_path / "docs" / "segmentation_curves.png").stat().st_size > 1000


@pytest.mark.parametrize(("steps", "looked"), [(1000, [50, 250]), (70, [3, 15]), (2, [1])])
def test_the_page_looks_at_validations_that_there_were(tmp_path, steps, looked):
    plan = planned(tmp_path, steps=steps)
    validations = range(plan.between, steps + 1, plan.between)
    assert segmentation.early(plan) == looked
    assert {*looked} <= {*validations}


def test_a_training_of_other_steps_is_not_taken_for_this_one(tmp_path):
    brief, usual = planned(tmp_path, steps=20), planned(tmp_path)
    assert brief.folder(brief.trials()[0]) != usual.folder(usual.trials()[0])


def test_a_training_leaves_scores_and_volumes_of_every_test_subject_and_its_curve(hearts, tmp_path):
    write_untrained(tmp_path / "last.ckpt", "pretraining")
    cohort = Cohort("hearts", hearts / "cohort", hearts / "cache", fractions=(0.5, 0.25, 0.25))
    plan = Plan(cohort, tmp_path / "last.ckpt", tmp_path / "runs", labels=(2,), rates=1, steps=2)
    unet = next(run for run in plan.trials() if run.arm.name == UNET)
    train(plan, unet)
    assert plan.chosen() == [unet]
    assert set(segmentation.curve(plan.folder(unet))) == {1, 2}
    rows = measured(plan)
    assert {*segmentation.VOLUMES, DICE, "LV"} <= {*rows["target"]}
    assert rows.loc[rows["target"] == DICE, "error"].between(0, 1).all()
    assert not list(plan.out.rglob("*.ckpt"))
