import os
from types import SimpleNamespace

import pytest
import torch
from lightning.fabric.plugins import TorchCheckpointIO

from cmr_ssl.callbacks import BestCheckpoint, LastCheckpoint
from cmr_ssl.callbacks.atomic import AtomicCheckpoints, save_atomically


def trainer_with(checkpoint_io):
    return SimpleNamespace(strategy=SimpleNamespace(checkpoint_io=checkpoint_io))


def test_a_checkpoint_is_on_the_disk_before_it_takes_the_place_of_the_old_one(tmp_path, monkeypatch):
    path, seen = tmp_path / "run" / "last.ckpt", []
    checkpoints = AtomicCheckpoints()
    checkpoints.save_checkpoint({"step": 1}, path)
    fsync = os.fsync

    def watched(file):
        half = [one for one in path.parent.iterdir() if one != path]  # beside it, so on the same file system
        seen.append((torch.load(path, weights_only=True), [one.stat().st_size > 0 for one in half]))
        fsync(file)

    monkeypatch.setattr(os, "fsync", watched)
    checkpoints.save_checkpoint({"step": 2}, str(path))
    assert seen == [({"step": 1}, [True])]
    assert checkpoints.load_checkpoint(path, weights_only=True) == {"step": 2}
    assert [*path.parent.iterdir()] == [path]


def test_a_save_that_fails_leaves_the_old_checkpoint_and_nothing_else(tmp_path):
    path = tmp_path / "last.ckpt"
    AtomicCheckpoints().save_checkpoint({"step": 1}, path)
    with pytest.raises(AttributeError, match="local object"):
        AtomicCheckpoints().save_checkpoint({"step": lambda: 2}, path)
    assert torch.load(path, weights_only=True) == {"step": 1}
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("callback", [BestCheckpoint(), LastCheckpoint()])
def test_both_checkpoints_of_a_run_are_written_so_and_what_somebody_chose_is_kept(callback, monkeypatch):
    monkeypatch.setattr("lightning.pytorch.callbacks.ModelCheckpoint.setup", lambda *_: None)
    trainer = trainer_with(TorchCheckpointIO())
    trainer.default_root_dir, trainer.is_global_zero = "run", True
    callback.setup(trainer, SimpleNamespace(monitor="val/loss", mode="min"), "fit")
    assert type(trainer.strategy.checkpoint_io) is AtomicCheckpoints
    own = SimpleNamespace()
    other = trainer_with(own)
    save_atomically(other)
    assert other.strategy.checkpoint_io is own
