from types import SimpleNamespace

import pytest
import torch

from cmr_ssl.callbacks import FiniteLoss
from cmr_ssl.checkpoints import read_checkpoint
from tests.probes import Poison
from tests.runs import probe, run


def step(callback, global_step, loss, *subjects):
    trainer = SimpleNamespace(global_step=global_step, current_epoch=3)
    batch = SimpleNamespace(subject=list(subjects))
    callback.on_train_batch_end(trainer, None, {"loss": torch.tensor(loss)}, batch, 0)


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_the_first_broken_step_and_its_subjects_are_named(loss):
    callback = FiniteLoss(every_n_steps=3)
    step(callback, 1, 0.5, "900000001")
    step(callback, 2, loss, "900000002", "900000003")
    with pytest.raises(FloatingPointError, match=r"not finite at step 2 \(epoch 3, subjects 900000002, 900000003\)"):
        step(callback, 3, loss, "900000004")


def test_a_finite_loss_stops_nobody():
    callback = FiniteLoss(every_n_steps=1)
    for count in range(1, 9):
        step(callback, count, 1e30, "900000001")


def test_no_checkpoint_is_written_after_a_broken_step():
    callback = FiniteLoss(every_n_steps=100)
    step(callback, 1, float("nan"), "900000002")
    with pytest.raises(FloatingPointError, match="900000002"):
        callback.on_save_checkpoint(SimpleNamespace(current_epoch=0), None, {})


def test_batches_that_share_an_optimiser_step_are_told_apart():
    callback = FiniteLoss(every_n_steps=2)
    step(callback, 1, float("nan"), "900000001")
    step(callback, 1, 0.5, "900000002")  # gradients are accumulated over both
    with pytest.raises(FloatingPointError, match="900000001"):
        step(callback, 2, 0.5, "900000003")


def test_a_run_with_a_broken_batch_stops_and_keeps_the_checkpoint_from_before(cache, tmp_path, capsys):
    folder = tmp_path / "run"
    assert run(cache, folder, *probe("Poison", step=2)) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: the loss is not finite at step 3 (epoch 0, subjects " + ", ".join(Poison.subjects))
    assert "Traceback" not in error
    saved = read_checkpoint(folder / "checkpoints" / "last.ckpt")
    assert saved["global_step"] == 2
    assert all(weight.isfinite().all() for weight in saved["state_dict"].values())
    assert not (folder / "checkpoints" / "best.ckpt").exists()


def test_asking_less_than_every_step_is_refused():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        FiniteLoss(0)
