"""How long a whole study of 50 frames takes once it is read: what `predict` asks of the device."""

import statistics
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from benchmarks.gpu.effort import Effort
from benchmarks.gpu.paces import forget, peak
from benchmarks.machine import device, now
from benchmarks.subjects import random_subjects

from benchmarks import finetuning
from cmr_ssl.devices import has_bfloat16
from cmr_ssl.sample import to_device


class Served(NamedTuple):
    """Seconds a study, one at a time, and the peak memory in bytes; not a number where it is not known."""

    what: str
    seconds: float
    memory: float


def all_served(effort: Effort) -> Iterator[Callable[[], Served]]:
    """Yield what is to be measured, one after the other."""
    yield lambda: served("phenotypes", "phenotype.yaml", effort)
    yield lambda: served("label maps of all frames", "segmentation.yaml", effort)


@torch.inference_mode()
def served(what: str, config: str, effort: Effort) -> Served:
    """Return what one study costs, the first ones apart."""
    forget()
    on = device()
    with on:
        task = finetuning.described(effort.served, 2, config, *effort.model).model.to(on).eval()
    batch = random_subjects(effort.served, 1)
    seconds = []
    for _ in range(effort.rounds):
        start = now(on)
        whole = to_device(batch, on)
        whole = whole._replace(images=whole.images.float() / 255)
        with torch.autocast(on.type, torch.bfloat16, enabled=has_bfloat16(on)):
            outputs = task.outputs(whole)
        outputs.values.cpu(), outputs.labels.cpu()
        seconds.append(now(on) - start)
    return Served(what, statistics.median(seconds), peak())
