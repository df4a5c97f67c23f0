"""How long a whole study of 50 frames takes once it is read: what `predict` asks of the device."""

import statistics
from typing import NamedTuple

import torch

from benchmarks.speed import finetuning
from benchmarks.speed.gpu.pace import forget, peak
from benchmarks.speed.gpu.settings import Settings
from benchmarks.speed.random_studies import random_subjects
from cmr_ssl.devices import fast_precision
from cmr_ssl.sample import to_device
from experiments.machine import device, now

SERVED = {"phenotypes": "phenotype.yaml", "label maps of all frames": "segmentation.yaml"}  # by config


class Latency(NamedTuple):
    """Seconds a study, one at a time, and the peak memory in bytes; not a number where it is not known."""

    what: str
    seconds: float
    memory: float


@torch.inference_mode()
def latency(what: str, settings: Settings) -> Latency:
    """Return what one study costs, the first ones apart."""
    forget()
    on = device()
    with on:
        task = finetuning.described(settings.served, 2, SERVED[what], *settings.model).model.to(on).eval()
    batch = random_subjects(settings.served, 1)
    seconds = []
    for _ in range(settings.rounds):
        start = now(on)
        whole = to_device(batch, on)
        whole = whole._replace(images=whole.images.float() / 255)
        with fast_precision(on):
            outputs = task.outputs(whole)
        outputs.values.cpu(), outputs.labels.cpu()
        seconds.append(now(on) - start)
    return Latency(what, statistics.median(seconds), peak())
