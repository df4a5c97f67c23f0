"""Where the time of a compiled training step goes on the device."""

from collections.abc import Iterable
from functools import partial
from typing import Any, NamedTuple

from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.cli import LightningCLI
from torch.profiler import ProfilerActivity, profile

from benchmarks.speed.gpu.pace import compiled, forget
from benchmarks.speed.gpu.settings import Settings
from benchmarks.speed.training import build
from experiments.machine import device, now

ATTENTION = ("flash", "fmha", "sdpa")
PRODUCTS = ("gemm", "nvjet", "cutlass", "xmma", "splitk")


class Span(NamedTuple):
    """When a kernel or a copy ran on the device, microseconds."""

    name: str
    start: float
    end: float


class Kernels(NamedTuple):
    """Milliseconds of a step in products, in attention and in all other kernels, and of batches copied meanwhile."""

    batch: int
    products: float
    attention: float
    other: float
    copies: float
    launched: float


class Profiled(Callback):
    """Profile some steps after some that warm up, and stop."""

    def __init__(self, warm: int, steps: int) -> None:
        """Profile so many steps."""
        self.warm, self.steps, self.done = warm, steps, 0
        self.profiler = profile(activities=[ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu() else [])])

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:  # noqa: ANN401
        """Start and stop the profiler."""
        self.done += 1
        if self.done == self.warm:
            now(pl_module.device)  # nothing of the steps before is left
            self.profiler.start()
        elif self.done == self.warm + self.steps:
            now(pl_module.device)
            self.profiler.stop()
            trainer.should_stop = True

    def spans(self) -> list[Span]:
        """Return what ran on the device; what only marks a part of a step has a # in its name."""
        events = [one for one in self.profiler.events() if "CUDA" in str(one.device_type) and "#" not in one.name]
        return [Span(one.name.lower(), one.time_range.start, one.time_range.end) for one in events]


def on_gpu() -> bool:
    """Tell whether there is one."""
    return device().type == "cuda"


def kernels(settings: Settings, steps: int = 4) -> Kernels:
    """Profile the compiled pretraining at the largest batch."""
    forget()
    batch = settings.batches[-1]
    make = partial(build, settings.planes, batch, more=[*settings.model, compiled(settings)])
    with device():
        run: LightningCLI = make()
    seen = Profiled(settings.warm, steps)
    run.trainer.callbacks.append(seen)  # type: ignore[attr-defined]
    run.trainer.fit(run.model, run.datamodule)
    return sorted_out(batch, seen.spans(), steps)


def sorted_out(batch: int, spans: list[Span], steps: int) -> Kernels:
    """Sort what ran by kind."""
    copies = [one for one in spans if one.name.startswith("memcpy htod")]
    working = [one for one in spans if not one.name.startswith("memcpy htod")]
    attention = [one for one in working if any(part in one.name for part in ATTENTION)]
    products = [one for one in working if any(part in one.name for part in PRODUCTS) and one not in attention]
    taken, all_kernels = total([*attention, *products]), total(working)
    per_step = 1e-3 / steps
    return Kernels(
        batch,
        per_step * total(products),
        per_step * total(attention),
        per_step * (all_kernels - taken),
        per_step * total(copies),
        len(working) / steps,
    )


def total(spans: Iterable[Span]) -> float:
    """Return how long these ran, one after the other, microseconds."""
    return sum(one.end - one.start for one in spans)
