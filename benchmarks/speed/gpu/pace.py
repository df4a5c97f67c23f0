"""How fast designs train, as `fit` runs them, at several batch sizes, as written and compiled."""

import gc
import json
from collections.abc import Callable
from functools import partial
from itertools import islice
from typing import NamedTuple

import torch
from lightning.pytorch.cli import LightningCLI
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.speed import finetuning
from benchmarks.speed.gpu.report import COMPILED
from benchmarks.speed.gpu.settings import Settings
from benchmarks.speed.published import PublishedModel, train
from benchmarks.speed.random_studies import PATCH, random_subjects
from benchmarks.speed.training import CONFIG, build, ends_of, step_flops
from cmr_ssl.models.tokens import patchify
from experiments.machine import device, now

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


def paced(what: str, settings: Settings, make: Callable[[], LightningCLI]) -> Pace:
    """Train some steps and return how fast that was."""
    forget()
    with device():  # weights are drawn where they are needed
        run = make()
    start, end = ends_of(run, (settings.warm, settings.warm + settings.steps))
    memory = peak()
    with torch.device("meta"):
        flops = step_flops(make())
    return Pace(what, run.datamodule.batch_size, (end - start) / settings.steps, flops, memory)


def plain(batch: int, settings: Settings) -> Pace:
    """Return how fast the published design trains: float32, attention weights written out."""
    forget()
    on, (width, depth) = device(), settings.published
    images = random_subjects(settings.planes, batch).images.to(on)
    ends = [now(on) for _ in islice(train(PublishedModel(settings.planes, width, depth=depth).to(on), images), 4)]
    memory = peak()
    with torch.device("meta"), FlopCounterMode(display=False) as counter, torch.no_grad():
        PublishedModel(settings.planes, width, depth=depth)(patchify(torch.empty(1, *images.shape[1:]), PATCH))
    return Pace("published design, float32", batch, (ends[-1] - ends[0]) / 3, 3.0 * counter.get_total_flops(), memory)


def paces(settings: Settings) -> list[Callable[[], Pace]]:
    """Return what is to be measured, one after the other."""
    planes, largest, more = settings.planes, settings.batches[-1], settings.model
    theirs = partial(build, planes, settings.theirs[-1], PUBLISHED, more=published(settings))
    return [
        *(partial(plain, batch, settings) for batch in settings.theirs),
        partial(paced, "published architecture, our precision, kernels and loader", settings, theirs),
        *(partial(paced, "ours", settings, partial(build, planes, batch, more=more)) for batch in settings.batches),
        partial(paced, COMPILED, settings, partial(build, planes, largest, more=[*more, compiled(settings)])),
    ]


def fine_tunings(settings: Settings) -> list[Callable[[], Pace]]:
    """Return the same for fine-tuning of phenotypes, on studies of one patch of frames."""
    planes, batch, model = settings.planes, settings.batches[-1], settings.model
    made = {
        "published head, every token": partial(finetuning.published, planes, batch, *model),
        "our head, every token": partial(finetuning.whole, planes, batch, *model),
        "ours": partial(finetuning.task, planes, batch, *model),
        COMPILED: partial(finetuning.task, planes, batch, *model, compiled(settings)),
    }
    return [partial(paced, name, settings, make) for name, make in made.items()]


def published(settings: Settings) -> list[str]:
    """Return what brings the published configuration to the size of the settings; none for the published one."""
    width, depth = settings.published
    if (width, depth) == (1025, 6):
        return []
    sizes = [f"--model.{part}.init_args.width={width}" for part in ("encoder", "decoder")]
    return [*sizes, f"--model.encoder.init_args.depth={depth}", "--model.decoder.init_args.depth=1"]


def compiled(settings: Settings) -> str:
    """Return the option that has a training compiled."""
    return f"--trainer.callbacks={json.dumps([settings.compiled])}"
