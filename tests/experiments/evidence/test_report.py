import json

import numpy as np
import pandas as pd
import pytest

from experiments.evidence import trained
from experiments.evidence.arms import BOTH, CONTROLS, RAW, TOKENS, UNTRAINED, pretrained
from experiments.evidence.probes import write
from experiments.evidence.report import SHOWN, write_report
from experiments.evidence.settings import Settings
from experiments.evidence.studies import ALL

PLAN = trained.Plan(labels=(30,), draws=2)


def predicted(arm, pretraining, error, tests, labels=(30, 100)):
    """Return predictions that are `error` off, some more and some less."""
    rows = [
        (arm, pretraining, count, draw, test, subject, target, 50 + error * (1 + subject % 2), 50.0)
        for count in labels
        for draw in range(2)
        for test in tests
        for subject in range(6)
        for target in SHOWN
    ]
    names = ["arm", "pretraining", "labels", "draw", "test", "subject", "target", "predicted", "true"]
    return pd.DataFrame(rows, columns=names).astype({"subject": str, "predicted": np.float32, "true": np.float32})


@pytest.fixture
def measured(tmp_path):
    """Return settings whose runs have left predictions: tokens err half as much as the better control."""
    settings = Settings(
        tmp_path, seeds=(0, 1), scanners={"noisy": ()}, draws=2, trained=PLAN, ablations={"half hidden": ()}
    )
    study, tests = settings.study(), [ALL, "only 3 planes", "scanner noisy"]
    for one in (*settings.pretrainings(), *settings.ablated()):
        one.checkpoint.parent.mkdir(parents=True)
        one.checkpoint.write_text(one.folder.name)
    first, second, ablated = (
        pretrained(one.checkpoint).name for one in (*settings.pretrainings(), *settings.ablated()[:1])
    )
    stale = predicted(TOKENS, "pretraining-0-of-last-week", 9.0, tests)
    write(study.out / "predictions" / "stale.parquet", stale)
    for arm, names, error in [
        (RAW, ["none"], 3.0),
        (UNTRAINED, ["untrained-0", "untrained-1"], 2.0),
        (TOKENS, [first, second], 1.0),
        (BOTH, [first, second], 2.5),
    ]:
        for name in names:
            write(study.out / "predictions" / f"{arm}-{name}.parquet", predicted(arm, name, error, tests))
    for run in [*trained.trials(PLAN), *(one._replace(draw=1) for one in trained.trials(PLAN))]:
        folder = run.folder(study)
        folder.mkdir(parents=True)
        rows = predicted(run.arm.name, "", 4.0, tests, (30,))
        write(folder / "predictions.parquet", rows[rows["draw"] == run.draw])
        said = {"validation": run.rate, "steps": 900, "passes": 7200, "minutes": 3.0}
        (folder / "run.json").write_text(json.dumps(said))
    (study.out / "pathologies").mkdir()
    for arm in (*CONTROLS, TOKENS):
        told = pd.DataFrame({"subject": list("abcd"), "draw": 0, "true": [0, 0, 1, 1], "said": [0, 0, 0, 1]})
        told.assign(arm=arm, pretraining="none").to_parquet(study.out / "pathologies" / f"{arm}.parquet")
    out = settings.development_study().out
    for arm, name, error in [(RAW, "none", 3.0), (TOKENS, ablated, 2.0)]:
        write(out / "predictions" / f"{name}.parquet", predicted(arm, name, error, [ALL]))
    return settings


def test_the_page_says_what_helps_what_does_not_and_how_sure(measured, tmp_path):
    write_report(measured, tmp_path)
    text = (tmp_path / "evidence.md").read_text()
    assert "**With 30 labels, pretrained tokens reduce the error" in text
    assert "LVEF 50 [50, 50]*" in text  # against the better control
    assert f"| 30 | {TOKENS} | 50 [50, 50]* | 50 [50, 50]* |" in text
    assert f"| 30 | {BOTH} | -25 [-25, -25]* |" in text  # worse is said, too
    assert "| 30 | all planes | LVEF (%) | 50 % | 50 [50, 50]* **reached** | -25 [-25, -25]* missed |" in text
    assert "| 100 | only 3 planes | LVM (g) | 25 % | 50 [50, 50]* **reached** |" in text
    assert f"| 30 | {RAW} | 4.50 |" in text
    assert f"| only 3 planes | {BOTH} | -25 [-25, -25]* |" in text
    assert "| scanner noisy | 50 [50, 50]*" in text
    assert "| raw pixels | 0.75 [" in text
    assert "| 30 | fine-tuned | 6.00 |" in text
    assert "| fine-tuned | 30 | 2e-06 | 900 | 7200 | 3.0 |" in text
    assert "| 100 | half hidden | 3.00 |" in text
    for picture in ("evidence_labels.png", "evidence_planes.png"):
        assert f"]({picture})" in text
        assert (tmp_path / picture).stat().st_size > 1000
    assert (measured.study().out / "comparisons.csv").exists()


def test_a_part_says_which_one_it_is():
    some = Settings().part(1, heads=True)
    assert (some.seeds, some.ablations, some.trained) == ((0,), {}, None)
    assert some.command == "python -m experiments.evidence --pretrainings 1 --heads"
    some = Settings().part(2, trained=(30, 100))
    assert (some.ablations, some.trained) == ({}, trained.Plan((30, 100), draws=1))
    assert some.command == "python -m experiments.evidence --trained 30 100"
    assert Settings().part(2) == Settings()


def test_what_has_not_been_measured_is_left_out(measured, tmp_path):
    brief = measured._replace(trained=None, folder=tmp_path / "nothing")
    write_report(brief, tmp_path / "docs")
    assert not (tmp_path / "docs").exists()
    for file in (measured.study().out / "pathologies").glob("*"):
        file.unlink()
    write_report(measured._replace(trained=None), tmp_path)
    text = (tmp_path / "evidence.md").read_text()
    assert "Seven pathologies" not in text
    assert "Networks trained" not in text


def test_networks_of_which_not_all_rates_were_tried_are_named(measured, tmp_path):
    resnet = trained.trials(PLAN)[-1]
    (resnet.folder(measured.study()) / "run.json").unlink()
    write_report(measured, tmp_path)
    text = (tmp_path / "evidence.md").read_text()
    assert "Not carried out to the end: ResNet with 30 labels." in text
    assert "over draws and test subjects" in text
    assert "| 30 | fine-tuned | 6.00 |" in text
    assert "| 30 | ResNet |" not in text


def test_intervals_of_one_draw_say_that_they_are_over_subjects_alone(measured, tmp_path):
    write_report(measured._replace(trained=PLAN._replace(draws=1)), tmp_path)
    assert "Intervals are over test subjects alone" in (tmp_path / "evidence.md").read_text()
