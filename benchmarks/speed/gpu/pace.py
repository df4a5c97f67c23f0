"""How fast designs train, as `fit` runs them, at several batch sizes, as written and compiled."""

import gc
import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import torch
from benchmarks.gpu.effort import Effort
from benchmarks.machine import device, now
from benchmarks.published import PublishedModel, train
from benchmarks.subjects import PATCH, random_subjects
from benchmarks.training import CONFIG, build, step_flops
from lightning import Callback, LightningModule, Trainer
from lightning.pytorch.cli import LightningCLI
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import finetuning
from cmr_ssl.models.tokens import patchify

PUBLISHED = CONFIG.with_name("pretraining_published.yaml")


class Pace(NamedTuple):
    """How fast a design trains.

    Attributes:
        what: design and precision.
        batch: studies a step.
        seconds: a step.
        flops: of a step for one study, forward and backward.
        memory: at its peak, bytes; not a number where it is not known.
    """

    what: str
    batch: int
    seconds: float
    flops: float
    memory: float


class Watch(Callback):
    """Note the time after some steps and after some more, and stop; the device is waited for only then."""

    def __init__(self, warm: int, steps: int) -> None:
        """Time `steps` after `warm` ones."""
        self.at = (warm, warm + steps)
        self.done = 0
        self.moments: list[float] = []

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:  # noqa: ANN401
        """Count, and note the time where it is due."""
        self.done += 1
        if self.done in self.at:
            self.moments.append(now(pl_module.device))
        trainer.should_stop = self.done == self.at[1]


def forget() -> None:
    """Free the memory of what was measured before, and measure its peak anew."""
    gc.collect()
    torch.compiler.reset()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()


def peak() -> float:
    """Return the most memory of tensors since `forget`, bytes; not a number without a GPU."""
    return float(torch.cuda.max_memory_allocated()) if torch.cuda.is_available() else float("nan")


def paced(what: str, make: Callable[[], LightningCLI], effort: Effort) -> Pace:
    """Train some steps and return how fast that was."""
    forget()
    with device():  # weights are drawn where they are needed
        run = make()
    watch = Watch(effort.warm, effort.steps)
    run.trainer.callbacks.append(watch)  # type: ignore[attr-defined]
    run.trainer.fit(run.model, run.datamodule)
    seconds, memory = (watch.moments[1] - watch.moments[0]) / effort.steps, peak()
    with torch.device("meta"):
        flops = step_flops(make())
    return Pace(what, run.datamodule.batch_size, seconds, flops, memory)


def plain(batch: int, effort: Effort) -> Pace:
    """Return how fast the published design trains: float32, attention weights written out."""
    forget()
    on, (width, depth) = device(), effort.published
    images = random_subjects(effort.planes, batch).images.to(on)
    ends = [now(on) for _ in islice(train(PublishedModel(effort.planes, width, depth=depth).to(on), images), 4)]
    memory = peak()
    with torch.device("meta"), FlopCounterMode(display=False) as counter, torch.no_grad():
        PublishedModel(effort.planes, width, depth=depth)(patchify(torch.empty(1, *images.shape[1:]), PATCH))
    return Pace("published design, float32", batch, (ends[-1] - ends[0]) / 3, 3.0 * counter.get_total_flops(), memory)


def paces(effort: Effort) -> Iterator[Callable[[], Pace]]:
    """Yield what is to be measured, one after the other."""
    planes, more = effort.planes, [*effort.model, *effort.pretrained]
    for batch in effort.theirs:
        yield lambda batch=batch: plain(batch, effort)
    theirs = "published architecture, our precision, kernels and loader"
    yield lambda: paced(theirs, lambda: build(planes, effort.theirs[-1], PUBLISHED, more=published(effort)), effort)
    for batch in effort.batches:
        yield lambda batch=batch: paced("ours", lambda: build(planes, batch, more=more), effort)
    largest = effort.batches[-1]
    yield lambda: paced("ours, compiled", lambda: build(planes, largest, more=[*more, compiled(effort)]), effort)


def fine_tunings(effort: Effort) -> Iterator[Callable[[], Pace]]:
    """Yield the same for fine-tuning of phenotypes, on studies of one patch of frames."""
    planes, batch = effort.planes, effort.batches[-1]
    more = effort.model
    yield lambda: paced("published head, every token", lambda: finetuning.published(planes, batch, *more), effort)
    yield lambda: paced("our head, every token", lambda: finetuning.whole(planes, batch, *more), effort)
    yield lambda: paced("ours", lambda: finetuning.task(planes, batch, *more), effort)
    yield lambda: paced("ours, compiled", lambda: finetuning.task(planes, batch, *more, compiled(effort)), effort)


def published(effort: Effort) -> list[str]:
    """Return what brings the published configuration to the size of the effort; none for the published one."""
    width, depth = effort.published
    if (width, depth) == (1025, 6):
        return []
    sizes = [f"--model.{part}.init_args.width={width}" for part in ("encoder", "decoder")]
    return [*sizes, f"--model.encoder.init_args.depth={depth}", "--model.decoder.init_args.depth=1"]


def compiled(effort: Effort) -> str:
    """Return the option that has a training compiled."""
    return f"--trainer.callbacks={json.dumps([effort.compiled])}"
