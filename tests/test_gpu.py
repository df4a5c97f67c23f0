"""What only a GPU can show; skipped where there is none."""

import json
import os

import pytest
import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.profiler import ProfilerActivity, profile

from benchmarks.speed.random_studies import random_subjects
from benchmarks.speed.training import CONFIG, build, ends
from cmr_ssl.data.transfer import transferred
from cmr_ssl.sample import Sample, to_device
from tests import hearts

pytestmark = [
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU"),
    pytest.mark.filterwarnings("default"),  # torch and Lightning of another version than is pinned may warn
]
CUDA = torch.device("cuda")
SMALL = [f"--model.encoder.init_args.{size}" for size in ("width=128", "depth=2", "heads=2")]
ENCODER = hearts.ENCODER | {"init_args": hearts.ENCODER["init_args"] | {"patch": [50, 8, 8], "width": 128}}
REUSED = (f"--model.encoder={json.dumps(ENCODER)}",)
COMPILED = '--trainer.callbacks=[{"class_path": "cmr_ssl.callbacks.Compiled"}]'
TASKS = pytest.mark.parametrize(
    ("config", "more"),
    [("pretraining.yaml", SMALL), ("phenotype.yaml", REUSED), ("segmentation.yaml", (*REUSED, "--data.labels=true"))],
)


def built(config: str, *more: str):
    """Return task and data module of a config, on the GPU."""
    run = build(3, 2, CONFIG.with_name(config), more=more)
    task = run.model.to(CUDA)
    task.log, task.trainer = lambda *_, **__: None, run.trainer
    return task, run.datamodule


def batch_for(task, data) -> Sample:
    """Return a batch as the loader hands it over."""
    batch = random_subjects(3, 2, targets=len(getattr(task, "targets", [])), labels=data.labels)
    return batch._replace(images=batch.images.pin_memory(), labels=batch.labels.pin_memory())  # as they are read


def loss_of(task, data, batch: Sample) -> Tensor:
    """Return the loss of one step, from the host's batch on."""
    with torch.autocast("cuda", torch.bfloat16):
        return task.training_step(data.augmented(transferred(batch, CUDA), 0), 0)


@TASKS
def test_no_step_waits_for_the_device(config, more):
    task, data = built(config, *more)
    batch = batch_for(task, data)
    loss_of(task, data, batch).backward()  # what is made once may wait
    torch.cuda.set_sync_debug_mode("error")
    try:
        loss_of(task, data, batch).backward()
    finally:
        torch.cuda.set_sync_debug_mode("default")


@TASKS
def test_the_gpu_says_what_the_cpu_says(config, more):
    task, data = built(config, *more)
    batch = data.scaled(batch_for(task, data))
    with torch.no_grad():
        there = task.training_step(to_device(batch, CUDA), 0)
        here = task.cpu().training_step(batch, 0)
    torch.testing.assert_close(there.cpu(), here, rtol=2e-3, atol=2e-4)


def test_attention_of_a_pretraining_step_is_flash():
    task, data = built("pretraining.yaml", *SMALL)
    batch = batch_for(task, data)
    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        loss_of(task, data, batch).backward()
    kernels = {event.key for event in seen.key_averages()}
    assert any("flash" in name.lower() for name in kernels), sorted(kernels)
    assert not any("softmax_warp" in name or "fmha_cutlass" in name for name in kernels)


def test_flash_alone_can_do_a_pretraining_step():
    task, data = built("pretraining.yaml", *SMALL)
    with sdpa_kernel([SDPBackend.FLASH_ATTENTION, SDPBackend.CUDNN_ATTENTION]):
        assert loss_of(task, data, batch_for(task, data)).isfinite()


@TASKS
def test_a_step_is_sent_its_numbers_from_pinned_memory(config, more):
    task, data = built(config, *more)
    batch = batch_for(task, data)
    loss_of(task, data, batch).backward()  # what is made once may come from anywhere
    with profile(activities=[ProfilerActivity.CUDA]) as seen:
        loss_of(task, data, batch).backward()
    copies = {event.key for event in seen.key_averages() if "Memcpy HtoD" in event.key}
    assert copies == {"Memcpy HtoD (Pinned -> Device)"}


def test_a_compiled_training_is_replayed():
    run = build(2, 2, CONFIG, more=[*SMALL, COMPILED])
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as seen:
        ends(run, 6)
    assert "cudaGraphLaunch" in {event.key for event in seen.key_averages()}


def test_a_compiled_training_moves_weights_as_the_written_one_does():
    def moves(*more: str) -> Tensor:
        rate = ["--model.optimisation.warmup=0", "--model.optimisation.learning_rate=1e-3"]
        run = build(2, 2, CONFIG, more=[*SMALL, *rate, "--seed_everything=1", *more])
        before = torch.cat([weight.detach().flatten().clone() for weight in run.model.parameters()])
        ends(run, 6)
        return torch.cat([weight.detach().cpu().flatten() for weight in run.model.parameters()]) - before.cpu()

    written, compiled = moves(), moves(COMPILED)
    assert written.abs().max() > 1e-3
    assert torch.nn.functional.cosine_similarity(written, compiled, dim=0) > 0.95


def test_one_process_trains_over_nccl():
    os.environ.update(MASTER_ADDR="localhost", MASTER_PORT="29511", RANK="0", WORLD_SIZE="1")
    torch.distributed.init_process_group("nccl")
    try:
        value = torch.ones(3, device=CUDA)
        torch.distributed.all_reduce(value)
        assert value.tolist() == [1.0, 1.0, 1.0]
    finally:
        torch.distributed.destroy_process_group()
