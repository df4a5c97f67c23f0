import json

import pandas as pd
import pytest
from torch.utils.tensorboard import SummaryWriter

from benchmarks import evidence
from benchmarks.evidence import Run, arguments, plan
from benchmarks.evidence_arms import arms, maskings
from benchmarks.evidence_report import collect, draw_learning_curves, fewer_labels, table, verdict
from cmr_ssl.checkpoints import parse_encoder
from tests.runs import ROOT


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """Return runs of two arms whose tests left tables."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(evidence, "FOLDER", tmp_path)
    chosen = [arm for arm in arms() if arm.name in ("fine-tuned", "scratch") and arm.task == "segmentation"]
    runs = [Run(arm, labels, seed) for arm in chosen for labels in (10, 30) for seed in (0, 1)]
    for index, run in enumerate(runs):
        (run.folder / "test").mkdir(parents=True)
        line = {"target": "LVEDV (mL)", "MAE": 10.0 + index, "MAE 2.5 %": 8.0, "MAE 97.5 %": 13.0}
        pd.DataFrame([line]).to_csv(run.folder / "test" / "agreement.csv", index=False)
        volumes = {
            "predicted LVEDV (mL)": [110.0, 90.0],
            "true LVEDV (mL)": [100.0, 100.0],
            "true HR (bpm)": [60.0, 60.0],
        }
        pd.DataFrame(volumes).to_csv(run.folder / "test" / "volumes.csv", index=False)
        dice = [{"structure": "LV", "view": "all", "phase": phase, "dice mean": 0.9} for phase in ("ED", "ES")]
        pd.DataFrame(dice).to_csv(run.folder / "test" / "overlap.csv", index=False)
        with SummaryWriter(str(run.folder)) as writer:
            writer.add_scalar("test/dice_LV", 0.95, 0)
    return runs


def test_every_arm_gets_the_same_data_and_as_many_steps(monkeypatch):
    monkeypatch.chdir(ROOT)
    for task in ("phenotype", "segmentation"):
        shared = []
        for arm in (arm for arm in arms() if arm.task == task):
            words = arguments(Run(arm, 100, 1))
            options = dict(zip(words[::2], words[1::2], strict=True))
            if options.get("--model.freeze") == "encoder":  # solved before the first step
                assert options.pop("--trainer.max_epochs") == "1"
                options["--trainer.max_epochs"] = str(Run(arm, 100, 1).epochs)
            kept = ("--seed_everything", "--trainer.max_epochs")
            shared.append({key: value for key, value in options.items() if key.startswith("--data") or key in kept})
        assert len(shared) >= 3
        assert all(options == shared[0] for options in shared)


def test_the_scratch_arm_has_the_network_that_was_pretrained(monkeypatch):
    monkeypatch.chdir(ROOT)
    scratch = next(arm for arm in arms() if arm.name == "scratch")
    described = json.loads(scratch.options[scratch.options.index("--model.encoder") + 1])
    assert parse_encoder(described, ROOT).class_path == "cmr_ssl.models.Encoder"
    assert "AnatomicalPositions" in described["init_args"]["positions"]["class_path"]


def test_maskings_differ_in_nothing_but_what_they_hide(monkeypatch):
    monkeypatch.chdir(ROOT)
    compared = maskings()
    assert (
        len({arm.pretraining for arm in compared}) == len({arm.pretraining.folder for arm in compared}) == len(compared)
    )
    words = [" ".join(arguments(Run(arm, 100, 0))).replace(arm.pretraining.folder, "") for arm in compared]
    assert len(set(words)) == 1
    epochs = {arm.pretraining.options[-4:] for arm in compared}
    assert len(epochs) == 1


def test_a_training_cut_before_its_first_checkpoint_begins_again(tmp_path, monkeypatch):
    said = []
    monkeypatch.setattr(evidence, "spoken", lambda log, *words: said.append((words[0], words[-2:])))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.yaml").touch()
    evidence.fit(tmp_path / "run", ["--config", "c.yaml"])
    assert not (tmp_path / "run").exists()
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    (tmp_path / "run" / "checkpoints" / "last.ckpt").touch()
    evidence.fit(tmp_path / "run", ["--config", "c.yaml"])
    assert said == [("fit", ("--trainer.default_root_dir", str(tmp_path / "run"))), ("fit", ("--ckpt_path", "last"))]


def test_the_plan_finishes_a_seed_before_the_next_and_knows_what_is_done(finished, tmp_path):
    assert all(run.done for run in finished)
    seeds = [run.seed for run in plan([10, 30], [0, 1])]
    assert seeds == sorted(seeds)
    assert len({run.folder for run in plan([10, 30], [0, 1])}) == len(seeds) == 2 * (2 * len(arms()) + len(maskings()))


def test_longer_trainings_are_other_runs_with_more_steps():
    short, long = (next(plan([30], [0], longer)) for longer in (1, 10))
    assert (short.arm, short.labels) == (long.arm, long.labels)
    assert short.folder != long.folder
    assert long.epochs == pytest.approx(10 * short.epochs, rel=0.1)


def test_the_table_averages_over_seeds_and_keeps_arms_and_labels_apart(finished, tmp_path):
    found = collect(finished)
    lines = table(found, "segmentation").splitlines()
    assert lines[0] == "| labels | arm | MAE LVEDV (mL) | Dice LV | plane Dice LV | volumes off by (%) |"
    assert lines[2] == "| 10 | fine-tuned | 10.5 ± 0.71 [8, 13] | 0.95 ± 0 | 0.9 ± 0 | 10 ± 0 |"
    assert len(lines) == 2 + 4
    draw_learning_curves(tmp_path / "curves.png", found)
    assert (tmp_path / "curves.png").stat().st_size > 1000


def test_what_a_run_could_not_measure_has_no_row(finished):
    first = finished[0].folder / "test"
    (first / "agreement.csv").write_text("target\n")
    volumes = pd.read_csv(first / "volumes.csv").assign(**{"predicted LVEDV (mL)": float("nan")})
    volumes.to_csv(first / "volumes.csv", index=False)
    found = collect(finished[:1])
    assert found["what"].to_list() == ["Dice LV", "plane Dice LV"]


@pytest.mark.parametrize(("error", "said"), [(5.0, "better"), (16.0, "worse"), (10.2, "alike")])
def test_the_verdict_says_where_pretraining_helps_and_where_not(error, said):
    line = {"labels": 30, "seed": 0, "what": "MAE LVEDV (mL)"}
    arms_found = [("fine-tuned", error), ("scratch", 10.0)]
    rows = [{**line, "arm": arm, "value": value, "low": value - 2, "high": value + 2} for arm, value in arms_found]
    assert verdict(pd.DataFrame(rows)) == [f"With 30 labels, fine-tuned against scratch: {said} at MAE LVEDV (mL)."]


@pytest.mark.parametrize(
    ("error", "dice", "good"), [(9.0, 0.8, "1 of 2: MAE"), (11.0, 0.9, "1 of 2: Dice"), (11.0, 0.8, "0 of 2: nothing")]
)
def test_few_labels_after_pretraining_against_more_without(error, dice, good):
    few = {"labels": 30, "arm": "fine-tuned"}
    more = {"labels": 100, "arm": "scratch"}
    rows = [{**few, "what": "MAE", "value": error}, {**few, "what": "Dice", "value": dice}]
    rows += [{**more, "what": "MAE", "value": 10.0}, {**more, "what": "Dice", "value": 0.85}]
    assert good in fewer_labels(pd.DataFrame(rows))[0]
    assert fewer_labels(pd.DataFrame(rows[:2])) == []
