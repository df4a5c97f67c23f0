import shutil

import pytest
import torch

from cmr_ssl.checkpoints import load_encoder, read_checkpoint


@pytest.fixture
def checkpoint(finished_run, tmp_path):
    """Return a copy of a checkpoint that a test may spoil."""
    return shutil.copy(finished_run / "checkpoints" / "last.ckpt", tmp_path / "copy.ckpt")


def change(path, **parts):
    torch.save(torch.load(path, weights_only=True) | parts, path)


def test_the_encoder_comes_back_with_its_description_weights_and_data(checkpoint):
    pretrained = load_encoder(checkpoint)
    stored = torch.load(checkpoint, weights_only=True)["state_dict"]
    assert (pretrained.encoder.width, pretrained.encoder.patch) == (32, (4, 8, 8))
    assert pretrained.views == {"la_2ch": 1, "la_3ch": 1, "la_4ch": 1, "sa": 9}
    assert pretrained.preparation["size"] == 16
    assert not pretrained.encoder.training
    for name, weight in pretrained.encoder.state_dict().items():
        assert torch.equal(weight, stored[f"encoder.{name}"]), name


def test_the_folder_of_a_run_means_its_checkpoint_as_everywhere_and_one_that_is_missing_is_named(finished_run):
    assert read_checkpoint(finished_run).keys() == read_checkpoint(finished_run / "checkpoints" / "best.ckpt").keys()
    with pytest.raises(FileNotFoundError, match=r"no checkpoint at .*nowhere\.ckpt"):
        load_encoder(finished_run / "nowhere.ckpt")


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", bytes(range(256)) * 9, b"\x80\x02", b"{}", b"0."])
def test_a_file_that_is_no_checkpoint_is_named(tmp_path, content):
    path = tmp_path / "file.ckpt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"{path} is damaged or no checkpoint") as refused:
        read_checkpoint(path)
    assert "\n" not in str(refused.value), "one sentence"


class Bomb:
    """Something that would run code when it is unpickled."""

    def __reduce__(self):
        return print, ("boom",)


def test_a_checkpoint_that_would_run_code_is_refused_and_runs_none(tmp_path, capsys):
    torch.save({"state_dict": Bomb()}, tmp_path / "bomb.ckpt")
    with pytest.raises(ValueError, match="is damaged or no checkpoint of plain tensors"):
        read_checkpoint(tmp_path / "bomb.ckpt")
    assert "boom" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ({"state_dict": {}}, "is no checkpoint of cmr_ssl: it lacks CineDataModule, hyper_parameters"),
        ([1, 2], "is damaged or no checkpoint: it holds a list"),
        (torch.zeros(2), "is damaged or no checkpoint: it holds a Tensor"),
    ],
)
def test_a_file_of_another_project_is_named_with_what_is_wrong(tmp_path, content, sentence):
    path = tmp_path / "other.ckpt"
    torch.save(content, path)
    with pytest.raises(ValueError, match=f"{path} {sentence}$"):
        read_checkpoint(path)


def test_a_checkpoint_without_a_description_or_of_an_encoder_this_version_does_not_know_is_refused(checkpoint):
    change(checkpoint, hyper_parameters={"mask_ratio": 0.7})
    with pytest.raises(ValueError, match="describes no encoder"):
        load_encoder(checkpoint)
    change(checkpoint, hyper_parameters={"encoder": {"class_path": "cmr_ssl.models.Encoder", "init_args": {"size": 3}}})
    with pytest.raises(ValueError, match="describes an encoder that this version does not know"):
        load_encoder(checkpoint)


@pytest.mark.parametrize("harm", ["missing", "extra", "shape"])
def test_weights_must_fit_exactly(checkpoint, harm):
    weights = torch.load(checkpoint, weights_only=True)["state_dict"]
    if harm == "missing":
        del weights["encoder.norm.weight"]
    elif harm == "extra":
        weights["encoder.more"] = torch.zeros(1)
    else:
        weights["encoder.norm.weight"] = torch.zeros(7)
    change(checkpoint, state_dict=weights)
    with pytest.raises(ValueError, match=r"do not fit what it describes \(1 of"):
        load_encoder(checkpoint)
