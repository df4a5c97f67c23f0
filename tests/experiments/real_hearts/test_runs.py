"""The whole comparison on tiny generated hearts, and what its tables must hold."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from cmr_ssl.anatomy import LV, UNLABELLED
from cmr_ssl.cohort.subjects import first_subjects
from cmr_ssl.preparation.cache import read_prepared
from cmr_ssl.report.tables import write_csv
from experiments.real_hearts import arms as given
from experiments.real_hearts import planes, probes, runs
from experiments.real_hearts.__main__ import parse
from experiments.real_hearts.arms import SEGMENTATION, SYNTHETIC, SYNTHETIC_UNET, UNET, USUAL, Arm, looks
from experiments.real_hearts.cohort import members, prepare, read_fold
from experiments.real_hearts.report import BY_HAND, write_report
from experiments.real_hearts.restoring import restore_logits
from experiments.real_hearts.runs import Run
from experiments.real_hearts.scores import dice, read_patient, volume_row
from experiments.real_hearts.self_training import teach
from experiments.real_hearts.settings import ALL, Settings
from tests.hearts import ENCODER
from tests.runs import ROOT

VIEWS = ("--data.views", '{"sa": 9}', "--data.min_planes", "3")
CPU = ("--trainer.accelerator", "cpu", "--trainer.precision", "32-true", "--trainer.enable_model_summary", "false")
TRAINING = (*VIEWS, *CPU, "--trainer.max_steps", "1", "--trainer.val_check_interval", "1", "--data.batch_size", "2")
DECODER = {"class_path": "cmr_ssl.models.CrossAttentionDecoder", "init_args": {"width": 32, "depth": 1, "heads": 2}}
PRETRAINING = (*VIEWS, *CPU, "--model.encoder", json.dumps(ENCODER), "--model.decoder", json.dumps(DECODER))
PRETRAINED = Arm("pretrained", SEGMENTATION, ("--model.head.channels", "4"), USUAL, teaches=True)
TAUGHT = Arm("self-trained", SEGMENTATION, PRETRAINED.options, rates=(1e-3,), teacher=PRETRAINED)
PLAIN = Arm("U-Net", UNET, ("--model.network.channels", "4"))
SHORT = ("--trainer.max_epochs", "1", "--trainer.check_val_every_n_epoch", "1", "--data.batch_size", "2")


@pytest.fixture(scope="module")
def compared(hearts, tmp_path_factory):
    """Return settings and runs of a comparison of one fold that has been carried out."""
    folder = tmp_path_factory.mktemp("real_hearts")
    table = pd.read_csv(hearts / "cohort" / "phenotypes.csv", dtype=str).rename(columns={"eid": "subject"})
    source = folder / "source"
    source.mkdir()
    for subject in table["subject"]:
        (source / subject).symlink_to(hearts / "cohort" / subject)
    table.assign(group=["A", "B"] * (len(table) // 2)).to_csv(source / "phenotypes.csv", index=False)
    (folder / "small.yaml").write_text(yaml.safe_dump({"size": 32, "spacing_mm": 5.5, "frames": 8}))
    size = {"folds": 2, "chosen": (0,), "labels": (2,), "draws": 1, "rates": 1, "few": (2, ALL)}
    words = {"pretraining": (*PRETRAINING, *SHORT), "training": TRAINING, "preparation": str(folder / "small.yaml")}
    settings = Settings(source, folder / "work", **size, **words)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setattr(given, "encoder_of", lambda _: ENCODER)
        patch.setattr("experiments.real_hearts.features.encoder_of", lambda _: ENCODER)
        prepare(settings)
        runs.pretrain(settings, 0, USUAL)
        probed, planned = probes.plan(settings, looks()), runs.plan(settings, [PRETRAINED, TAUGHT, PLAIN])
        for probe in probed:
            probes.carry_out(settings, probe)
        planes.carry_out(settings, 0, USUAL)
        for run in planned:
            runs.carry_out(settings, run)
        page = write_report(settings, planned, probed, folder / "docs")
    return settings, planned, page


def test_every_arm_is_tested_on_the_patients_of_the_fold_alone(compared):
    settings, planned, _ = compared
    test = members(read_fold(settings, 0), "test")
    assert len(planned) == 3
    for run in planned:
        found = pd.read_csv(run.folder(settings) / runs.DICE, dtype={"subject": str})
        assert sorted(set(found["subject"])) == test
        assert len(found) == len(test) * 2 * 3
        assert found[["prepared", "restored"]].stack().between(0, 1).all()


@pytest.mark.parametrize("each", [True, False])
def test_the_first_draw_tries_all_rates_and_the_others_take_what_validation_chose(tmp_path, each):
    settings = Settings(tmp_path, tmp_path, tune_each_fold=each)
    first = Run(PLAIN, 5, 1 if each else 0, 0)
    assert runs.rates(settings, first) == PLAIN.rates
    table = pd.DataFrame({"rate": [3e-3, 1e-2, 1e-3], "validation": [0.5, 0.7, 0.6]})
    write_csv(first.folder(settings) / runs.CHOICE, table)
    assert runs.rates(settings, Run(PLAIN, 5, 1, 2)) == (1e-2,)
    choosing, _, others, _ = runs.stages(settings, runs.plan(settings, [PLAIN]))
    assert {(run.draw, run.fold) for run in choosing} == {(0, fold) for fold in (range(5) if each else [0])}
    assert first not in choosing + others


def test_who_is_taught_comes_after_every_teacher_and_not_where_all_are_labelled():
    settings = Settings(ROOT, ROOT, labels=(5, ALL), draws=2)
    choosing, taught, others, taught_later = runs.stages(settings, runs.plan(settings, [TAUGHT, PRETRAINED]))
    assert {run.arm.name for run in (*choosing, *others)} == {"pretrained"}
    assert {run.arm.name for run in (*taught, *taught_later)} == {"self-trained"}
    assert {run.labels for run in (*taught, *taught_later)} == {5}


def test_what_is_done_is_not_repeated_and_leaves_no_checkpoints_but_those_that_teach(compared, monkeypatch):
    settings, planned, _ = compared
    monkeypatch.setattr(runs, "spoken", lambda *words: pytest.fail("trained again"))
    runs.pretrain(settings, 0, USUAL)
    assert all(run.done(settings) for run in planned)
    kept = [run.network(settings) for run in planned if run.arm.teaches]
    assert [*settings.folder(0).glob("segmentation/**/*.ckpt")] == kept


@pytest.mark.parametrize(("sure", "share"), [(0.0, 1.0), (1.1, 0.0)])
def test_a_teacher_labels_what_it_is_sure_of_in_all_frames_of_whom_nobody_labelled(compared, tmp_path, sure, share):
    settings, planned, _ = compared
    training = members(read_fold(settings, 0), "train")
    true = first_subjects(training, 2, 0)
    teach(settings, 0, planned[0].network(settings), 2, 0, sure, tmp_path)
    for subject in training:
        before, after = (read_prepared(cache, subject) for cache in (settings.cache, tmp_path / "cache"))
        if subject in true:
            assert np.array_equal(after.labels, before.labels)
        else:
            assert len(after.labels) == before.images.shape[0] * before.images.shape[1]
            assert (after.labels != UNLABELLED).mean() == share


def test_the_page_holds_every_arm_and_look_and_its_pictures(compared):
    _, planned, page = compared
    text = page.read_text()
    for name in (*(run.arm.name for run in planned), *(look.name for look in looks())):
        assert f"| {name} |" in text
    assert "nan" not in text.split("## Real planes")[0]
    assert {path.name for path in page.parent.glob("*.png")} == {"real_hearts_dice.png"}


def test_what_was_written_by_hand_at_the_end_of_the_page_stays(tmp_path):
    settings = Settings(tmp_path, tmp_path)
    page = write_report(settings, [], [], tmp_path)
    page.write_text(page.read_text() + f"\n{BY_HAND}\n\nTried in vain.\n")
    before = page.read_text()
    assert write_report(settings, [], [], tmp_path).read_text() == before
    assert before.endswith("Tried in vain.\n")


def test_true_labels_come_back_from_the_cache_nearly_the_same_and_what_is_missed_has_no_volume_but_an_error(compared):
    settings, _, _ = compared
    patient = read_patient(settings, members(read_fold(settings, 0), "test")[0])
    row = volume_row(np.zeros_like(patient.true), patient)
    assert row["predicted LVEDV (mL)"] == row["predicted LVEF (%)"] == 0
    assert row["true LVEDV (mL)"] > 50
    drawn = torch.from_numpy(np.where(patient.prepared == UNLABELLED, 0, patient.prepared)).long()
    logits = torch.nn.functional.one_hot(drawn, 6).movedim(-1, 1).float()
    restored = restore_logits(logits, patient.planes, patient.series)
    assert restored.shape == patient.true.shape
    assert min(dice(restored[..., at], patient.true[..., at], LV) for at in (0, 1)) > 0.85
    volumes = [(patient.true[..., at] == LV).sum() for at in (0, 1)]
    assert volumes[0] > volumes[1]


def test_arms_that_are_compared_differ_in_nothing_but_what_they_are(monkeypatch):
    monkeypatch.chdir(ROOT)
    said = [runs.arguments(Settings(ROOT), Run(arm, 5, 1, 2), 1e-3) for arm in given.arms() if not arm.teacher]
    data = [[word for word, before in zip(words[1:], words, strict=False) if "--data" in before] for words in said]
    assert all(words == data[0] for words in data)
    configs = [yaml.safe_load((ROOT / path).read_text()) for path in (SEGMENTATION, UNET)]
    assert configs[0]["data"] == configs[1]["data"]
    assert configs[0]["trainer"] | {"default_root_dir": ""} == configs[1]["trainer"] | {"default_root_dir": ""}
    assert given.pretrainings(given.arms(), looks()) == [USUAL, SYNTHETIC, SYNTHETIC_UNET]


def test_a_rehearsal_is_one_short_fold_in_a_folder_of_its_own():
    settings, out, *_ = parse(["--source", "x", "--quick"])
    assert (settings.chosen, settings.draws, settings.rates, settings.labels) == ((0,), 1, 1, (5,))
    assert settings.work != parse(["--source", "x"])[0].work
    assert out == settings.work
