from types import SimpleNamespace

import pytest
import torch
from lightning.pytorch.callbacks import GradientAccumulationScheduler
from torch._dynamo import eval_frame
from torch._dynamo.utils import counters

from benchmarks.speed.training import build
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
    trainer = SimpleNamespace(world_size=processes, accumulate_grad_batches=batches, callbacks=[callback])
    assert callback.replays(trainer, torch.device(device)) == replays
    trainer.callbacks.append(GradientAccumulationScheduler({0: 1, 1: 4}))
    assert not callback.replays(trainer, torch.device(device))


def test_what_is_replayed_is_compiled_so_and_every_step_is_marked(monkeypatch):
    done, compiled = [], Compiled()
    monkeypatch.setattr(Compiled, "replays", lambda *_: True)
    monkeypatch.setattr(torch.compiler, "cudagraph_mark_step_begin", lambda: done.append("marked"))
    monkeypatch.setattr(torch, "compile", lambda part, **how: done.append(how["mode"]) or part)
    more = [f"--model.encoder.init_args.{size}" for size in ("width=64", "depth=1", "heads=2")]
    run = build(1, 2, more=more)
    run.trainer.datamodule = run.datamodule
    compiled.on_fit_start(run.trainer, run.model)
    assert done == ["reduce-overhead"] * 4  # the loss, and three parts of the augmentation
    compiled.on_train_start(run.trainer, run.model)
    compiled.on_train_batch_end(run.trainer, run.model)
    assert done[4:] == ["marked", "marked"]
