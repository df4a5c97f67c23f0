from types import SimpleNamespace

import pytest
import torch

from cmr_ssl.callbacks import FiniteLoss
from cmr_ssl.checkpoints import read_checkpoint
from tests.runs import probe, run

BROKEN = [float("nan"), float("inf")]


def alone(broken, reduce_op):
    """Stand in for the strategy of a single process."""
    return broken


def trainer_at(number, reduce=alone, precision="32-true"):
    """Return a trainer at the batch `number`; two batches share an optimiser step."""
    return SimpleNamespace(
        global_step=number // 2,
        current_epoch=3,
        precision=precision,
        world_size=1 if reduce is alone else 2,
        fit_loop=SimpleNamespace(total_batch_idx=number),
        strategy=SimpleNamespace(reduce=reduce),
    )


def end_batch(callback, number, loss, *subjects, gradient_norm=1.0, reduce=alone, precision="32-true"):
    task = SimpleNamespace(gradient_norm=torch.tensor(gradient_norm))
    batch = SimpleNamespace(subject=list(subjects))
    callback.on_train_batch_end(trainer_at(number, reduce, precision), task, {"loss": torch.tensor(loss)}, batch, 0)


@pytest.mark.parametrize("loss", BROKEN)
def test_the_first_broken_batch_and_its_subjects_are_named(loss):
    callback = FiniteLoss(every_n_steps=3)
    end_batch(callback, 0, 0.5, "900000001")
    end_batch(callback, 1, loss, "900000002", "900000003")
    with pytest.raises(FloatingPointError, match=r"in batch 1 \(epoch 3, subjects 900000002, 900000003\)"):
        end_batch(callback, 2, loss, "900000004")


@pytest.mark.parametrize("norm", BROKEN)
def test_a_broken_gradient_is_seen_where_the_loss_is_finite(norm):
    callback = FiniteLoss(every_n_steps=2)
    end_batch(callback, 0, 0.5, "900000001", gradient_norm=norm)
    with pytest.raises(FloatingPointError, match=r"gradients are not finite in batch 0 .*900000001"):
        end_batch(callback, 1, 0.5, "900000002")


def test_gradients_that_a_loss_scaler_lets_overflow_stop_nobody():
    callback = FiniteLoss(every_n_steps=1)
    end_batch(callback, 0, 0.5, "900000001", gradient_norm=float("inf"), precision="16-mixed")
    with pytest.raises(FloatingPointError, match="in batch 1"):
        end_batch(callback, 1, float("nan"), "900000001", precision="16-mixed")


def test_finite_losses_and_gradients_stop_nobody_and_the_device_is_asked_every_few_batches_only():
    asked = []

    def reduce(broken, reduce_op):
        asked.append(callback.first_batch)
        return broken

    callback = FiniteLoss(every_n_steps=3)
    for number in range(7):
        end_batch(callback, number, 1e30, "900000001", gradient_norm=1e30, reduce=reduce)
    assert len(asked) == 2
    assert int(callback.first_batch) == -1


def test_no_checkpoint_is_written_after_a_broken_batch():
    callback = FiniteLoss(every_n_steps=100)
    callback.on_save_checkpoint(trainer_at(0), None, {})
    end_batch(callback, 1, float("nan"), "900000002")
    with pytest.raises(FloatingPointError, match="900000002"):
        callback.on_save_checkpoint(trainer_at(1), None, {})


@pytest.mark.parametrize("broken", [2, 3])
def test_batches_that_share_an_optimiser_step_are_told_apart(broken):
    callback = FiniteLoss(every_n_steps=100)
    for number in range(4):
        end_batch(callback, number, float("nan") if number == broken else 0.5, f"90000000{number}")
    with pytest.raises(FloatingPointError, match=rf"in batch {broken} .*subjects 90000000{broken}\)"):
        callback.check(trainer_at(3))


def test_a_broken_batch_of_another_process_stops_this_one_too():
    def reduce(broken, reduce_op):
        assert reduce_op == "max"
        return broken.clamp_(min=0)  # in place, as Lightning's is

    callback = FiniteLoss(every_n_steps=1)
    with pytest.raises(FloatingPointError, match=r"in batch 0 \(epoch 3, subjects of another process\)"):
        end_batch(callback, 0, 0.5, "900000001", reduce=reduce)


@pytest.mark.parametrize("name", ["Poison", "GradientPoison"])
def test_a_run_with_a_broken_batch_stops_and_keeps_the_checkpoint_from_before(cache, tmp_path, capsys, name):
    folder = tmp_path / "run"
    assert run(cache, folder, *probe(name, step=2)) == 1
    said = capsys.readouterr().err
    error = said.splitlines()[-1]
    assert error.startswith("error: loss or gradients are not finite in batch 2 (epoch 0, subjects ")
    assert "Traceback" not in said
    if name == "Poison":
        assert f"subjects {(tmp_path / 'poisoned').read_text()})" in error
    saved = read_checkpoint(folder / "checkpoints" / "last.ckpt")
    assert saved["global_step"] == 2
    assert all(weight.isfinite().all() for weight in saved["state_dict"].values())
    assert not (folder / "checkpoints" / "best.ckpt").exists()


@pytest.mark.parametrize("loss", BROKEN)
def test_a_validation_whose_loss_is_no_number_stops_a_fit_and_nothing_else(loss):
    where = {"callback_metrics": {"val/loss": torch.tensor(loss)}, "current_epoch": 3, "global_step": 40}
    FiniteLoss().on_validation_end(SimpleNamespace(state=SimpleNamespace(fn="validate"), **where), None)
    with pytest.raises(FloatingPointError, match=rf"val/loss is {loss} in epoch 3, step 40: look at"):
        FiniteLoss().on_validation_end(SimpleNamespace(state=SimpleNamespace(fn="fit"), **where), None)
    finite = where | {"callback_metrics": {"val/loss": torch.tensor(1e30)}}
    FiniteLoss().on_validation_end(SimpleNamespace(state=SimpleNamespace(fn="fit"), **finite), None)


def test_a_run_whose_validation_is_no_number_ends_in_one_sentence_without_a_best_checkpoint(cache, tmp_path, capsys):
    assert run(cache, tmp_path / "run", *probe("ValidationPoison")) == 1
    error = capsys.readouterr().err.partition("error: ")[2]
    assert error.startswith("val/loss is nan in epoch 0, step 4")
    assert error.count("\n") == 1
    assert not (tmp_path / "run" / "checkpoints" / "best.ckpt").exists()


def test_asking_less_than_every_step_is_refused():
    with pytest.raises(ValueError, match="at least 1, got 0"):
        FiniteLoss(0)
