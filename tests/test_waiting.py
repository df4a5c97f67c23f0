"""A training step never makes the host wait for the device: no answer is asked for, no plain copy, no solver.

On the meta device nothing has a value, so whoever asks for one fails; what it lets pass is watched for here.
"""

import json

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

import cmr_ssl.corruption
from benchmarks.speed.random_studies import random_subjects
from benchmarks.speed.training import CONFIG, build, ends
from cmr_ssl.corruption import Corruption
from cmr_ssl.sample import Sample
from tests import hearts

META = torch.device("meta")
ON_THE_HOST = [cmr_ssl.corruption.RadialUndersampling]  # by finufft, as its help says
FLAWS = [
    {"class_path": f"cmr_ssl.corruption.{name}", "init_args": {"rate": 0.9}}
    for name, kind in vars(cmr_ssl.corruption).items()
    if isinstance(kind, type) and issubclass(kind, Corruption) and kind not in (Corruption, *ON_THE_HOST)
]
SOLVERS = ("inverse", *(f"linalg_{name}" for name in ("inv", "pinv", "solve", "svd", "eigh", "qr", "lstsq")))


class Watched(TorchDispatchMode):
    """Refuse solvers on the device and copies to it for which the host waits."""

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        name = func.name().removeprefix("aten::")
        given = [value for value in args if isinstance(value, Tensor)]
        if any(value.device == META for value in given):
            assert not name.startswith(SOLVERS), f"{name} stops the device"
        elif name.startswith("_to_copy") and made.device == META:
            assert (kwargs or {}).get("non_blocking"), f"a copy of {tuple(made.shape)} for which the host waits"
        return made


@pytest.fixture(autouse=True)
def no_numbers_made_there(monkeypatch):
    """Tell where tensors are made on the meta device from numbers, which torch copies there unseen."""
    tensor = torch.tensor

    def made(data, *args, device=None, **options):
        assert device is None or torch.device(device) != META, "a tensor of numbers made on the device"
        return tensor(data, *args, device=device, **options)

    monkeypatch.setattr(torch, "tensor", made)


def batch_on_nothing(targets: int) -> Sample:
    """Return a batch on the meta device with labels of every frame."""
    batch = random_subjects(3, 2, targets=targets)
    batch = batch._replace(labels=torch.zeros_like(batch.images))
    return Sample._make(field.to(META) if isinstance(field, Tensor) else field for field in batch)


def logged(name: str, *_, prog_bar: bool = False, **__) -> None:
    """Take what a step logs; Lightning reads from the device at once what it logs for a bar."""
    assert not prog_bar, f"{name} is logged for a bar"


def step(config: str, *more: str) -> Tensor:
    """Train one step of a config on the meta device, watched; return the loss."""
    with META:
        run = build(3, 2, CONFIG.with_name(config), more=more)
    task, data = run.model.to(META), run.datamodule
    task.log, task.trainer = logged, run.trainer
    batch = batch_on_nothing(len(getattr(task, "targets", [])))
    with Watched():
        loss = task.training_step(data.augmented(batch, 0), 0)
        loss.backward()
    return loss


class Asking(TorchDispatchMode):
    """Count how often a number is read from a tensor."""

    def __init__(self):
        super().__init__()
        self.asked = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.asked += func.name().startswith("aten::_local_scalar_dense")
        return func(*args, **(kwargs or {}))


def test_training_asks_as_rarely_for_many_steps_as_for_few():
    def asked(steps: int) -> int:
        more = [f"--model.encoder.init_args.{size}" for size in ("width=64", "depth=1", "heads=2")]
        run = build(1, 2, more=[*more, "--data.min_planes=1", "--model.mask_ratio=0.5"])
        with Asking() as mode:
            ends(run, steps)
        return mode.asked

    assert asked(2) == asked(5)


SMALL = {"positions": hearts.ENCODER["init_args"]["positions"], "width": 64, "depth": 1, "heads": 2}
DECODER = json.dumps({"class_path": "CrossAttentionDecoder", "init_args": {"width": 32, "depth": 1, "heads": 2}})
ENCODER = json.dumps(hearts.ENCODER | {"init_args": SMALL})


@pytest.mark.parametrize(
    ("config", "more"),
    [
        ("pretraining.yaml", ["--model.encoder.init_args.depth=1"]),
        ("pretraining.yaml", ["--model.encoder.init_args.depth=1", f"--model.corruption={json.dumps(FLAWS)}"]),
        ("phenotype.yaml", [f"--model.encoder={ENCODER}", f"--model.decoder={DECODER}"]),
        ("segmentation.yaml", [f"--model.encoder={ENCODER}", "--data.labels=true"]),
    ],
)
def test_no_step_of_a_task_makes_the_host_wait(config, more):
    assert step(config, *more).shape == ()


@pytest.mark.parametrize(
    "offend",
    [
        lambda batch: batch.images.max().item(),
        lambda batch: batch.images[batch.present],
        lambda batch: torch.linalg.inv(batch.affine),
        lambda batch: torch.tensor([1.0, 2.0], device=batch.affine.device),
        lambda batch: torch.zeros(2).to(batch.affine.device),
    ],
)
def test_whoever_makes_the_host_wait_is_found(offend):
    with Watched(), pytest.raises((AssertionError, RuntimeError, NotImplementedError)):
        offend(batch_on_nothing(1))
