from types import SimpleNamespace

import pytest
import torch
from torch._dynamo import eval_frame
from torch._dynamo.utils import counters

from cmr_ssl.callbacks import Compiled
from tests.runs import run

EAGER = ["--trainer.callbacks+", "cmr_ssl.callbacks.Compiled", "--trainer.callbacks.backend", "eager"]


def weights(folder):
    return torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]


def test_a_compiled_training_learns_the_same_and_its_checkpoint_is_an_ordinary_one(cache, finished_run, tmp_path):
    torch._dynamo.reset()
    counters.clear()
    assert run(cache, tmp_path / "compiled", *EAGER) == 0
    written, compiled = weights(finished_run), weights(tmp_path / "compiled")
    assert written.keys() == compiled.keys()
    for name, tensor in written.items():
        torch.testing.assert_close(compiled[name], tensor, msg=name)
    assert counters["stats"]["unique_graphs"] > 0
    assert not counters["graph_break"]
    torch._dynamo.reset()


def test_a_validation_that_fails_leaves_later_trainings_compiled():
    callback = Compiled()
    callback.on_validation_start(None, None)
    assert eval_frame._stance.stance == "force_eager"
    callback.on_exception(None, None, ValueError("loss"))
    assert eval_frame._stance.stance == "default"


@pytest.mark.parametrize(
    ("callback", "processes", "batches", "device", "replays"),
    [
        (Compiled(), 1, 1, "cuda", True),
        (Compiled(), 2, 1, "cuda", False),
        (Compiled(), 1, 4, "cuda", False),
        (Compiled(), 1, 1, "cpu", False),
        (Compiled("eager"), 1, 1, "cuda", False),
        (Compiled(replayed=False), 1, 1, "cuda", False),
    ],
)
def test_only_a_gpu_that_trains_alone_batch_by_batch_replays_its_steps(callback, processes, batches, device, replays):
    trainer = SimpleNamespace(world_size=processes, accumulate_grad_batches=batches)
    assert callback.replays(trainer, torch.device(device)) == replays
