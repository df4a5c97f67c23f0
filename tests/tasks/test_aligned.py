"""From a table of patients to alignment, diagnoses, risk and retrieval by the command line, on a tiny cache."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from cmr_ssl.checkpoints import load_encoder
from cmr_ssl.cli import main
from cmr_ssl.release.checkpoint_contents import checkpoint
from cmr_ssl.tasks.aligned import aligned_at, aligned_targets
from cmr_ssl.tasks.trained import load_task
from tests.caches import COHORT
from tests.hearts import ENCODER
from tests.runs import SMOKE

DECODER = ("--model.decoder", "CrossAttentionDecoder")
FIELDS = {
    "numbers": [{"name": "Age", "ukb": 21003}, {"name": "LDL (mmol/L)"}],
    "yes_no": [{"name": "Sex"}, {"name": "Heart failure"}],
    "categories": [{"name": "Smoking status", "classes": [0, 1, 2], "unknown": [-3]}],
    "targets": ["Heart failure"],
}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Write a table of all subjects, of whom three quarters fall ill."""
    rng = np.random.default_rng(0)
    count = len(COHORT)
    start = np.datetime64("2015-01-01") + rng.integers(0, 700, count)
    ill = start + rng.integers(100, 2500, count)
    rows = {
        "eid": list(COHORT),
        "Age": rng.normal(60, 7, count).round(1),
        "LDL (mmol/L)": ["" if index % 3 else f"{3 + index / 20:.2f}" for index in range(count)],
        "Sex": rng.integers(0, 2, count),
        "Heart failure": rng.integers(0, 2, count),
        "Smoking status": rng.choice([0, 1, 2, -3], count),
        "Systolic pressure (mmHg)": rng.normal(140, 15, count).round(),
        "BMI (kg/m2)": rng.normal(27, 4, count).round(1),
        "Diabetes": rng.integers(0, 2, count),
        "Imaging date": start,
        "Heart failure date": [str(day) if index % 4 else "" for index, day in enumerate(ill)],
        "Death date": "",
        "Lost to follow-up date": "",
        "True log hazard": rng.normal(size=count),
    }
    path = tmp_path_factory.mktemp("table") / "table.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def fields(tmp_path_factory):
    path = tmp_path_factory.mktemp("fields") / "fields.yaml"
    path.write_text(yaml.safe_dump(FIELDS))
    return path


@pytest.fixture(scope="module")
def call(cache, table):
    """Return what runs a command of a configuration on the tiny cache, with fewer copies at the ridge start."""

    def run(verb, config, folder, *more):
        data = ["--data.cache", cache, "--data.workers", 0, "--data.batch_size", 6, "--data.table", table]
        data += ["--data.fractions", "[0.6, 0.2, 0.2]"]
        trainer = ["--trainer.default_root_dir", folder, "--trainer.max_epochs", 1, "--trainer.accelerator", "cpu"]
        trainer += ["--trainer.enable_progress_bar", "false", "--trainer.enable_model_summary", "false"]
        trainer += ["--trainer.precision", "32-true"]
        quick = [] if "alignment" in config else ["--model.head_start.copies", 1]
        return main([verb, "--config", config, *map(str, [*data, *trainer, *quick, *more])])

    return run


@pytest.fixture(scope="module")
def aligned(call, fields, cache, tmp_path_factory):
    """Return the folder of an alignment that went on from a pretraining and included a target."""
    folder = tmp_path_factory.mktemp("runs")
    config = yaml.safe_load(SMOKE.read_text())
    config["model"]["init_args"]["encoder"] = ENCODER
    config["data"] |= {"cache": str(cache), "fractions": [0.6, 0.2, 0.2]}
    config["trainer"] |= {"default_root_dir": str(folder / "pretrained"), "accelerator": "cpu", "max_epochs": 1}
    config["trainer"]["callbacks"] = config["trainer"]["callbacks"][:2]
    (folder / "pretraining.yaml").write_text(yaml.safe_dump(config))
    assert main(["fit", "--config", str(folder / "pretraining.yaml"), "--trainer.enable_progress_bar", "false"]) == 0
    options = ["--model.fields", fields, "--model.include", "[Heart failure]", "--data.min_planes", 5]
    start = ["--model.encoder_checkpoint", folder / "pretrained" / "checkpoints" / "best.ckpt"]
    assert call("fit", "alignment", folder / "aligned", *options, *start) == 0
    assert call("test", "alignment", folder / "aligned", *options, "--ckpt_path", "best") == 0
    return folder / "aligned"


def best(folder):
    return folder / "checkpoints" / "best.ckpt"


def moved(aligned, pretrained):
    """Return how far encoder and decoder of an alignment are from those of a pretraining."""
    own, before = (load_task(best(one)).task.state_dict() for one in (aligned, pretrained))
    names = [name for name in own if name.startswith(("encoder.", "decoder."))]
    assert {name.split(".")[0] for name in names} == {"encoder", "decoder"}
    return max(float((own[name] - before[name]).abs().max()) for name in names)


def test_an_alignment_goes_on_from_encoder_and_decoder_of_a_pretraining(aligned, call, fields, tmp_path):
    """They stay as they are, and move by the few small steps of a run where contrast moves them."""
    pretrained = aligned.with_name("pretrained")
    assert moved(aligned, pretrained) == 0
    options = ["--model.fields", fields, "--model.encoder_checkpoint", best(pretrained)]
    options += ["--model.optimisation.learning_rate", 1e-5]
    assert call("fit", "alignment_contrastive", tmp_path / "run", *options) == 0
    assert 0 < moved(tmp_path / "run", pretrained) < 0.02


def test_the_checkpoint_holds_no_ids_and_nothing_that_must_not_be_shared(aligned):
    with best(aligned).open("rb") as stream:
        assert list(checkpoint(stream)) == []
    content = best(aligned).read_bytes()
    assert not [subject for subject in COHORT if subject.encode() in content]
    expected = load_task(best(aligned)).task.expected.state_dict()
    assert {len(COHORT), round(0.6 * len(COHORT))} & {size for one in expected.values() for size in one.shape} == set()


def test_later_tasks_read_the_expected_table_unless_asked_not_to(call, aligned, cache, tmp_path):
    reuse = [
        "--model.encoder_checkpoint",
        best(aligned),
        "--model.freeze",
        "encoder",
        "--model.targets",
        "[BMI (kg/m2)]",
    ]
    predicted = {}
    for name, more in (("with", []), ("without", ["--model.expected_share", 0])):
        assert call("fit", "phenotype", tmp_path / name, *reuse, *more) == 0
        task = load_task(best(tmp_path / name)).task
        assert (task.expected is not None) == (name == "with")
        predicted[name] = task
    own, solved = (load_task(best(one)).task.expected.state_dict() for one in (tmp_path / "with", aligned))
    assert all(torch.equal(one, solved[part]) for part, one in own.items())
    weights = {name: task.linear.weight for name, task in predicted.items()}
    columns = len(own["biases"])
    assert weights["with"].shape[1] == weights["without"].shape[1] + columns
    assert not torch.allclose(weights["with"][:, :-columns], weights["without"])
    assert weights["with"][:, -columns:].abs().sum() > 0


def test_a_checkpoint_without_the_alignment_that_is_asked_for_is_one_sentence(call, aligned, tmp_path, capsys):
    reuse = ["--model.encoder_checkpoint", best(aligned.with_name("pretrained")), "--model.expected_columns", 7]
    assert call("fit", "phenotype", tmp_path / "run", *reuse, "--model.targets", "[BMI (kg/m2)]") != 0
    assert "has no alignment with a table of 7 columns: name the checkpoint of" in capsys.readouterr().err


def test_the_aligned_encoder_is_reused_as_any_other_and_warns_of_what_it_was_told(call, aligned, tmp_path, caplog):
    reuse = ["--model.encoder_checkpoint", best(aligned), "--model.freeze", "encoder"]
    targets = ["--model.targets", "[Age, 'BMI (kg/m2)']"]
    assert call("fit", "phenotype", tmp_path / "run", *targets, *reuse) == 0
    (said,) = [text for text in caplog.messages if "was aligned with" in text]
    assert "held Age:" in said
    tested = [*targets, "--model.freeze", "encoder", "--ckpt_path", "best"]
    assert call("test", "phenotype", tmp_path / "run", *tested) == 0
    table = pd.read_csv(tmp_path / "run" / "test" / "agreement.csv").set_index("target")
    assert table["told in alignment"].to_dict() == {"Age": True, "BMI (kg/m2)": False}
    own, kept = (load_encoder(best(one)).encoder.state_dict() for one in (aligned, tmp_path / "run"))
    assert all(torch.equal(own[name], kept[name]) for name in own)


def test_a_second_alignment_forgets_nothing_of_what_the_first_was_told(call, aligned, fields, tmp_path):
    options = ["--model.fields", fields, "--data.min_planes", 5, "--model.encoder_checkpoint", aligned]
    assert call("fit", "alignment", tmp_path / "run", *options) == 0
    own, before = (load_encoder(best(one)).encoder.state_dict() for one in (tmp_path / "run", aligned))
    assert all(torch.equal(own[name], before[name]) for name in own)  # frozen, unless asked for otherwise
    assert "Heart failure" not in load_task(best(tmp_path / "run")).task.fields.names
    assert aligned_targets(["Heart failure", "21003", "BMI (kg/m2)"], aligned_at(tmp_path / "run")) == [
        "Heart failure",
        "21003",
    ]


def test_diagnoses_are_learnt_tested_and_judged_by_group(call, aligned, tmp_path):
    options = ["--model.targets", "[Heart failure, Diabetes]", "--model.freeze", "encoder"]
    assert call("fit", "diagnosis", tmp_path / "run", *options, "--model.encoder_checkpoint", best(aligned)) == 0
    assert call("test", "diagnosis", tmp_path / "run", *options, "--ckpt_path", "best") == 0
    table = pd.read_csv(tmp_path / "run" / "test" / "diagnoses.csv").set_index("target")
    assert table["told in alignment"].to_dict() == {"Heart failure": True, "Diabetes": False}
    assert {"AUROC", "average precision", "F1", "threshold", "calibration error", "cases"} <= {*table.columns}
    groups = pd.read_csv(tmp_path / "run" / "test" / "subgroups.csv")
    assert {"Sex: men", "Sex: women"} & {*groups["group"]}


def test_risk_is_learnt_tested_and_compared_with_covariates_and_scores(call, aligned, tmp_path):
    options = ["--model.freeze", "encoder"]
    assert call("fit", "risk", tmp_path / "run", *options, "--model.encoder_checkpoint", best(aligned)) == 0
    assert call("test", "risk", tmp_path / "run", *options, "--ckpt_path", "best") == 0
    folder = tmp_path / "run"
    predicted = pd.read_csv(folder / "test" / "predicted.csv")
    risks = predicted[["Heart failure: risk at 2 years", "Heart failure: risk at 5 years"]]
    assert risks.stack().between(0, 1).all()
    assert (risks.iloc[:, 1] >= risks.iloc[:, 0]).all()
    table = pd.read_csv(folder / "test" / "risk.csv")
    assert list(table["target"]) == ["image", "covariates", "image and covariates", "True log hazard"]
    assert table["N"].nunique() == 1
    assert list(pd.read_csv(folder / "test" / "calibration.csv")["years"]) == [2, 5]
    assert {"calibration.png", "kaplan_meier.png", "decision.png"} <= {
        path.name for path in (folder / "figures").iterdir()
    }


def test_patients_that_are_alike_are_found_by_image_and_by_table(aligned, cache, table, tmp_path, capsys):
    asked = ["retrieve", "--checkpoint", aligned, "--cache", cache, "--table", table, "--out", tmp_path / "alike.csv"]
    assert main([*map(str, asked), "--neighbours", "2", "--workers", "0", "--device", "cpu"]) == 0
    rows = pd.read_csv(tmp_path / "alike.csv", dtype={"subject": str, "neighbour": str})
    assert len(rows) == len(COHORT) * 4 * 2
    same = rows[rows["by"].isin(["image to image", "table to table"])]
    assert (same["subject"] != same["neighbour"]).all()
    assert same["similarity"].between(-1.001, 1.001).all()
    assert "chance: first 4.17 %" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("config", "more", "message"),
    [
        ("risk", ["--model.targets", "[a, b]"], "a risk has one target"),
        ("diagnosis", ["--model.targets", "[Smoking status]"], "a diagnosis is 0 or 1"),
        ("alignment", ["--model.fields", "{numbers: [{name: Luck}]}", *DECODER], "no column of the table holds"),
    ],
)
def test_bad_input_is_one_sentence_before_anything_is_trained(call, config, more, message, tmp_path, capsys):
    folder = tmp_path / "run"
    assert call("fit", config, folder, "--model.encoder", json.dumps(ENCODER), *more) != 0
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert pd.Series([said]).str.contains(message).all(), said
    assert not best(folder).exists()


def test_only_an_alignment_can_be_asked_who_is_alike(finished_run, cache, table, tmp_path, capsys):
    asked = ["retrieve", "--checkpoint", finished_run, "--cache", cache, "--table", table, "--out", tmp_path / "a.csv"]
    assert main(list(map(str, asked))) != 0
    assert "is of a PretrainingTask, which knows no tables" in capsys.readouterr().err
