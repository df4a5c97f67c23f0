import json
import sys
import types

import numpy as np
import pytest
import torch

import cmr_ssl
from cmr_ssl.checkpoints import load_encoder, read_checkpoint
from cmr_ssl.cli import main
from tests import studies
from tests.untrained import TASKS, write_untrained


@pytest.fixture(scope="module")
def study():
    return studies.study(frames=8, frame_ms=110.0)


def export(checkpoint, *options):
    return main(["export", "--checkpoint", str(checkpoint), *map(str, options)])


@pytest.mark.parametrize("kind", TASKS)
def test_every_task_loads_from_its_folder_and_says_the_same(kind, study, tmp_path):
    checkpoint = write_untrained(tmp_path / "best.ckpt", kind)
    assert export(checkpoint, "--hub", tmp_path / "hub") == 0
    assert {path.name for path in (tmp_path / "hub").iterdir()} == {"model.safetensors", "config.json", "README.md"}
    ours, theirs = cmr_ssl.load(checkpoint, "cpu"), cmr_ssl.load(tmp_path / "hub", "cpu")
    assert ours.can == theirs.can
    assert ours.trained.preparation == theirs.trained.preparation
    assert np.array_equal(ours.embed(study).landmarks, theirs.embed(study).landmarks)


def test_an_exported_encoder_can_be_fine_tuned(tmp_path):
    checkpoint = write_untrained(tmp_path / "best.ckpt", "pretraining")
    assert export(checkpoint, "--hub", tmp_path / "hub") == 0
    ours, theirs = load_encoder(checkpoint), load_encoder(tmp_path / "hub" / "model.safetensors")
    assert theirs.views == ours.views
    for one, other in zip(ours.encoder.parameters(), theirs.encoder.parameters(), strict=True):
        assert torch.equal(one, other)


def test_the_card_says_what_a_model_has_seen(tmp_path):
    checkpoint = write_untrained(tmp_path / "best.ckpt", "phenotype")
    content = torch.load(checkpoint)
    content |= {"epoch": 3, "global_step": 40}
    content["callbacks"] = {
        "BestCheckpoint{'monitor': 'val/loss', 'mode': 'min'}": {"best_model_score": torch.tensor(0.25)}
    }
    for synthetic in (True, False):
        content["CineDataModule"]["synthetic"] = synthetic
        torch.save(content, checkpoint)
        assert export(checkpoint, "--hub", tmp_path / "hub", "--licence", "mit", "--overwrite") == 0
        card = (tmp_path / "hub" / "README.md").read_text()
        assert card.startswith("---\nlicense: mit\nlibrary_name: cmr_ssl\n")
        assert ("never for patients" in card) == synthetic
        assert "4 epochs, 40 steps" in card
        assert "val/loss 0.25" in card
        assert "LVEF (%), LVEDV (mL)" in card
        assert json.loads((tmp_path / "hub" / "config.json").read_text())["fingerprint"] in card


def test_what_would_give_somebody_away_is_not_exported(tmp_path, capsys):
    checkpoint = write_untrained(tmp_path / "best.ckpt", "phenotype")
    content = torch.load(checkpoint)
    content["CineDataModule"]["split"]["column"] = "/data/project/lists/split of eid 1234567"
    torch.save(content, checkpoint)
    assert export(checkpoint, "--hub", tmp_path / "hub") == 1
    said = capsys.readouterr().err
    assert "a 7-digit participant id" in said
    assert "1234567" not in said
    assert [path.name for path in tmp_path.iterdir()] == ["best.ckpt"]


def test_a_folder_that_holds_something_is_not_replaced_unasked(tmp_path, capsys):
    checkpoint = write_untrained(tmp_path / "best.ckpt", "phenotype")
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "mine.txt").write_text("mine")
    assert export(checkpoint, "--hub", tmp_path / "hub") == 1
    assert "give --overwrite true" in capsys.readouterr().err
    assert export(checkpoint) == 1
    assert "say what to write" in capsys.readouterr().err


def test_a_licence_cannot_write_into_the_head_of_the_card(tmp_path, capsys):
    checkpoint = write_untrained(tmp_path / "best.ckpt", "phenotype")
    assert export(checkpoint, "--hub", tmp_path / "hub", "--licence", "mit\nmodel-index: []") == 1
    assert "is none as hubs spell it" in capsys.readouterr().err
    assert not (tmp_path / "hub").exists()


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("config.json", lambda data: b"{", "is damaged or no description"),
        ("config.json", lambda data: data.replace(b'"form": 1', b'"form": 9'), "has form 9, this version reads 1"),
        ("model.safetensors", lambda data: data[:-9], "is damaged or no safetensors file"),
    ],
)
def test_damaged_folders_are_refused_in_a_sentence(name, change, said, tmp_path):
    export(write_untrained(tmp_path / "best.ckpt", "phenotype"), "--hub", tmp_path / "hub")
    path = tmp_path / "hub" / name
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ValueError, match=said):
        cmr_ssl.load(tmp_path / "hub")


def test_a_checkpoint_is_told_from_another_by_weights_and_description(tmp_path):
    export(write_untrained(tmp_path / "best.ckpt", "phenotype"), "--hub", tmp_path / "hub")
    before = cmr_ssl.load(tmp_path / "hub").fingerprint
    config = tmp_path / "hub" / "config.json"
    config.write_text(config.read_text().replace("LVEDV", "RVEDV"))
    assert cmr_ssl.load(tmp_path / "hub").fingerprint != before
    assert read_checkpoint(tmp_path / "hub" / "model.safetensors")["hyper_parameters"]["targets"][1] == "RVEDV (mL)"


def test_a_hub_is_asked_only_where_that_is_wanted(tmp_path, monkeypatch):
    export(write_untrained(tmp_path / "best.ckpt", "phenotype"), "--hub", tmp_path / "hub")
    asked = []

    def snapshot_download(name, allow_patterns, local_files_only):
        asked.append((name, local_files_only))
        return str(tmp_path / "hub")

    monkeypatch.setitem(sys.modules, "huggingface_hub", types.SimpleNamespace(snapshot_download=snapshot_download))
    assert cmr_ssl.load("somebody/heart", "cpu").can == ("embed", "predict")
    assert cmr_ssl.load("somebody/heart", "cpu", download=True).can
    assert asked == [("somebody/heart", True), ("somebody/heart", False)]


def test_an_id_without_the_hubs_package_is_a_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(FileNotFoundError, match="pip install huggingface_hub"):
        cmr_ssl.load("somebody/heart")
