import json
from pathlib import Path

import pandas as pd
import yaml

from experiments.cohorts import Cohort
from experiments.evidence import trained
from experiments.evidence.studies import CONDITIONS, TARGETS, Study
from experiments.evidence.trained import STEPS, Plan, Run, arms, chosen, others, trials, words
from experiments.pretrainings import CONFIG


def study(tmp_path):
    return Study(tmp_path, Cohort("fresh", tmp_path / "cohort", tmp_path / "cache"))


def options(said):
    return dict(option.removeprefix("--").split("=", 1) for option in said)


def test_every_arm_gets_the_same_subjects_steps_and_patience(tmp_path):
    shared = []
    for arm in arms():
        said = options(words(study(tmp_path).cohort, Run(arm, arm.rates[0], 30, 1), tmp_path / "a.ckpt"))
        shared.append({key: value for key, value in said.items() if key.startswith(("data", "trainer", "seed"))})
        assert int(said["trainer.max_epochs"]) * (30 // 8) >= STEPS
        assert len(arm.rates) == 3
    assert shared[0] == shared[1] == shared[2]


def test_the_network_from_scratch_is_the_one_that_was_pretrained():
    scratch = next(arm for arm in arms() if arm.name == "scratch")
    pretrained = yaml.safe_load(Path(CONFIG).read_text())["model"]["init_args"]["encoder"]
    assert Path(options(scratch.options)["model.encoder"]).resolve() == (Path(CONFIG).parent / pretrained).resolve()


def test_the_rate_with_the_smallest_validation_loss_goes_on_to_the_other_draws(tmp_path):
    plan, where = Plan(labels=(30,), draws=3), study(tmp_path)
    assert not trained.finished(where, plan)
    for run in trials(plan):
        run.folder(where).mkdir(parents=True)
        loss = 0.1 if run.rate == run.arm.rates[1] else 0.2
        said = {"validation": loss, "steps": 900, "passes": 7200, "minutes": 3.0}
        (run.folder(where) / "run.json").write_text(json.dumps(said))
    assert chosen(where, arms()[0], 30).rate == arms()[0].rates[1]
    told = {(run.arm.name, run.rate, run.draw) for run in others(where, plan)}
    assert told == {(arm.name, arm.rates[1], draw) for arm in arms() for draw in (1, 2)}
    assert trained.costs(where, plan)["rate"].to_list() == [arm.rates[1] for arm in arms()]


def test_a_training_leaves_what_it_predicted_under_every_condition_and_what_it_cost(hearts, tmp_path):
    cohort = Cohort("hearts", hearts / "cohort", hearts / "cache", fractions=(0.5, 0.25, 0.25))
    where = Study(tmp_path, cohort)
    resnet = next(arm for arm in arms() if arm.name == "ResNet")
    run = Run(resnet._replace(options=(*resnet.options, "--model.network.width=8")), 5e-4, 4, 0, steps=2, between=1)
    trained.train(where, run, tmp_path)
    found = pd.read_parquet(run.folder(where) / "predictions.parquet")
    assert set(found["test"]) == set(CONDITIONS)
    assert set(found["target"]) == set(TARGETS)
    assert found["predicted"].notna().all()
    said = trained.told(where, run)
    assert (said["steps"], said["passes"]) == (2, 8)
    assert said["validation"] > 0
    assert not list(tmp_path.rglob("*.ckpt"))
