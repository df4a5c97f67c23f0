import json

import pytest
import torch

from benchmarks.speed.gpu.longest import SHARE, beyond, epochs_within, seconds_of, times, weights_only
from benchmarks.speed.gpu.settings import REHEARSAL


def test_an_epoch_is_timed_after_two_that_warm_up_and_the_rest_of_the_time_is_filled():
    assert seconds_of([10.0, 12.0, 14.0, 16.0]) == 2.0
    assert epochs_within(200.0, 2.0) == int(SHARE * 200 / 2)
    assert epochs_within(0.1, 2.0) == 1


@pytest.mark.parametrize("validated", [0.0, 1.0])
def test_a_trial_is_not_validated_and_every_run_is_compiled_and_timed(tmp_path, validated):
    words = dict(
        option.removeprefix("--").split("=", 1) for option in beyond(REHEARSAL, tmp_path / "run", 9, validated)
    )
    assert float(words["trainer.limit_val_batches"]) == validated
    assert words["trainer.max_epochs"] == words["trainer.check_val_every_n_epoch"] == "9"
    callbacks = json.loads(words["trainer.callbacks"])
    assert REHEARSAL.compiled in callbacks
    assert callbacks[-1]["init_args"] == {"file": str(times(tmp_path / "run"))}


def test_what_is_kept_has_no_optimiser(tmp_path):
    state = {"state_dict": {"weight": torch.ones(2)}, "optimizer_states": [1], "lr_schedulers": [], "loops": {}}
    torch.save(state, tmp_path / "last.ckpt")
    weights_only(tmp_path / "last.ckpt", tmp_path / "kept.ckpt")
    assert torch.load(tmp_path / "kept.ckpt", weights_only=True).keys() == {"state_dict"}
