"""What tasks on lines of k-space share, and from a pretraining over the command line to what is made of its encoder."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from cmr_ssl.cli import main
from cmr_ssl.tasks import LinePhenotypeTask
from cmr_ssl.tasks.line_task import check_beat
from cmr_ssl.tasks.trained import load_task
from tests.hearts import ENCODER, SUBJECTS
from tests.kspace.tiny_lines import line_task
from tests.runs import ROOT
from tests.tiny import tiny_batch

CONFIGS = ROOT / "configs" / "kspace"
DECODER = {"class_path": "cmr_ssl.models.CrossAttentionDecoder", "init_args": {"width": 32, "depth": 1, "heads": 2}}
TARGETS = ["LVEF (%)", "LVEDV (mL)"]


def small(name, samples, **model):
    """Return the options that train a configuration of lines at the size of the tests."""
    if name == "pretraining":
        model["encoder"] = {"init_args": {"samples": samples, "width": 32, "depth": 2, "heads": 2}}
        model["acceleration"] = 4
    model |= {"head_start": {"copies": 1}} if name == "phenotype" else {"decoder": DECODER}
    data = {"batch_size": 2, "workers": 0, "min_planes": 1}
    trainer = {"max_epochs": 1, "check_val_every_n_epoch": 1, "precision": "32-true", "log_every_n_steps": 1}
    smaller = {"model": {"init_args": model}, "data": data, "trainer": trainer}
    return ["--config", CONFIGS / f"{name}.yaml", "--config", json.dumps(smaller)]


def fit(config, cache, folder, *more, command="fit"):
    data = ["--data.cache", cache, "--data.fractions", "[0.4, 0.2, 0.4]"]
    trainer = ["--trainer.default_root_dir", folder, "--trainer.accelerator", "cpu"]
    trainer += ["--trainer.enable_progress_bar", "false", "--trainer.enable_model_summary", "false"]
    return main([command, *map(str, [*config, *data, *trainer, *more])])


@pytest.fixture(scope="module")
def pretrained(hearts, tmp_path_factory):
    """Return a checkpoint of a short pretraining on lines."""
    folder = tmp_path_factory.mktemp("lines")
    assert fit(small("pretraining", 32), hearts / "cache", folder / "run") == 0
    return folder / "run" / "checkpoints" / "last.ckpt"


def test_lines_are_drawn_by_subject_seed_and_epoch_at_any_acceleration_of_the_same_task():
    pretraining, batch = line_task(), tiny_batch()
    first = pretraining.acquire(batch, 3).visible
    assert torch.equal(first, pretraining.acquire(batch, 3).visible)
    assert not torch.equal(first, pretraining.acquire(batch, 4).visible)
    alone = type(batch)(*(field[1:] for field in batch))
    assert torch.equal(first[1:], pretraining.acquire(alone, 3).visible)
    pretraining, batch = line_task(2), tiny_batch()
    faster = pretraining.at(4)
    assert faster.acquire(batch).visible.shape[1] * 2 == pretraining.acquire(batch).visible.shape[1]
    assert faster.encoder is pretraining.encoder
    assert pretraining.acquisition.sampling.acceleration == 2


def test_phenotypes_come_from_lines(pretrained, hearts, tmp_path):
    config = small("phenotype", 32, targets=TARGETS)
    more = ["--data.table", hearts / "cohort" / "phenotypes.csv", "--model.acceleration", 8]
    assert fit(config, hearts / "cache", tmp_path / "run", *more, "--model.encoder_checkpoint", pretrained) == 0
    trained = load_task(tmp_path / "run" / "checkpoints" / "last.ckpt").task
    assert isinstance(trained, LinePhenotypeTask)
    assert trained.acquisition.sampling.acceleration == 8
    words = ["--checkpoint", tmp_path / "run", "--cache", hearts / "cache", "--out", tmp_path / "out"]
    words += ["--table", hearts / "cohort" / "phenotypes.csv", "--undersampling", "1,8", "--device", "cpu"]
    assert main(["robustness", *map(str, words)]) == 0
    table = pd.read_csv(tmp_path / "out" / "undersampling.csv")
    assert set(table["acceleration"]) == {1, 8}
    assert set(table["way"]) == {"lines"}


def test_segmentation_puts_measured_lines_back_and_learns(pretrained, hearts, tmp_path):
    config = small("segmentation", 32)
    assert fit(config, hearts / "cache", tmp_path / "run", "--model.encoder_checkpoint", pretrained) == 0
    stored = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
    assert any(name.startswith("decoder.") for name in stored)


def test_an_encoder_of_images_is_refused_and_one_of_lines_elsewhere_too(pretrained, hearts, tmp_path, capsys):
    table = ["--data.table", hearts / "cohort" / "phenotypes.csv"]
    images = ["--model.encoder_checkpoint", pretrained, "--model.targets", "[LVEF (%)]", "--model.masking", "null"]
    images += ["--model.mask_ratio", 0, "--data.batch_size", 2, "--data.workers", 0]
    assert (
        fit(["--config", ROOT / "configs" / "phenotype.yaml"], hearts / "cache", tmp_path / "run", *table, *images) == 1
    )
    assert "this encoder reads lines of k-space" in capsys.readouterr().err


def test_a_checkpoint_of_lines_embeds_and_predicts_as_any_other(pretrained, hearts, tmp_path):
    words = ["--checkpoint", pretrained, "--cache", hearts / "cache", "--out", tmp_path / "vectors.parquet"]
    assert main(["embed", *map(str, words), "--device", "cpu"]) == 0
    vectors = pd.read_parquet(tmp_path / "vectors.parquet")
    assert len(vectors) == SUBJECTS
    assert vectors["mean"].map(len).unique().tolist() == [32]
    assert vectors["mean"].map(lambda vector: np.isfinite(vector).all()).all()


def test_an_encoder_of_images_is_no_encoder_of_lines(hearts, tmp_path, capsys):
    image = ["--model.encoder", json.dumps(ENCODER), "--data.table", hearts / "cohort" / "phenotypes.csv"]
    assert fit(small("phenotype", 32, targets=TARGETS), hearts / "cache", tmp_path / "run", *image) == 1
    said = capsys.readouterr().err
    assert "LineEncoder" in said
    assert said.count("\n") == 1


def test_two_frames_are_no_beat():
    with pytest.raises(ValueError, match="planes of CACHE have 2 frames, which are no whole beat"):
        check_beat(2, "CACHE")


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (("--model.acceleration", "0.5"), "1 (all lines) or more, got 0.5"),
        (("--model.acceleration", "1"), "hides none of 32 lines"),
        (("--model.encoder.samples", "48"), "have 32 columns, but a readout of this encoder has 48 samples"),
        (("--model.asked", "0"), "a share of the hidden lines, above 0 and up to 1, got 0"),
    ],
)
def test_mistakes_get_one_sentence(wrong, sentence, hearts, tmp_path, capsys):
    assert fit(small("pretraining", 32), hearts / "cache", tmp_path / "run", *wrong) == 1
    said = capsys.readouterr().err
    assert sentence in said
