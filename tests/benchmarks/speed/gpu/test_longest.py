import json
from concurrent.futures import ThreadPoolExecutor

import torch
from benchmarks.gpu import pretraining
from benchmarks.gpu.effort import REHEARSAL

EPOCH = 2.0


def words(run, name):
    return [option.partition("=")[2] for option in run.options if option.startswith(f"--{name}=")]


def test_the_trial_times_epochs_alone_and_the_rest_of_the_time_is_filled(tmp_path, monkeypatch):
    done = []

    def pretrain(run, cohort):
        done.append(run)
        epochs = int(*words(run, "trainer.max_epochs"))
        ends = [10 + EPOCH * number for number in range(epochs)]
        pretraining.times(run.folder).write_text(json.dumps(ends))

    monkeypatch.setattr(pretraining, "pretrain", pretrain)
    monkeypatch.setattr(pretraining, "ProcessPoolExecutor", lambda count, mp_context: ThreadPoolExecutor(count))
    found = pretraining.longest(tmp_path, REHEARSAL, 200.0)
    assert found.epoch_seconds == EPOCH
    assert found.epochs == int(pretraining.SHARE * 200 / EPOCH) or found.epochs == int(
        pretraining.SHARE * 199.9 / EPOCH
    )
    trial, real = done
    assert words(trial, "trainer.limit_val_batches") == ["0.0"], "validation is no part of an epoch"
    assert words(real, "trainer.limit_val_batches") == ["1.0"]
    assert words(real, "trainer.max_epochs") == [str(found.epochs)]


def test_what_is_kept_has_no_optimiser(tmp_path):
    place = tmp_path / "pretraining-0" / "checkpoints"
    place.mkdir(parents=True)
    state = {"state_dict": {"weight": torch.ones(2)}, "optimizer_states": [1], "lr_schedulers": [], "loops": {}}
    torch.save(state, place / "last.ckpt")
    pretraining.weights_only(tmp_path, REHEARSAL, tmp_path)
    kept = torch.load(tmp_path / "pretraining-0.ckpt", weights_only=True)
    assert kept.keys() == {"state_dict"}
