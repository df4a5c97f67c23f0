"""What a step of an encoder of lines costs at each acceleration: seconds of one core, and memory."""

import time
from functools import partial

import pandas as pd
import torch

from cmr_ssl.kspace import LineEncoder, LinePositions
from cmr_ssl.models import CrossAttentionDecoder
from cmr_ssl.sample import Sample
from cmr_ssl.tasks import LinePretrainingTask
from cmr_ssl.workers import pool
from experiments.cohorts import opened
from experiments.kspace.settings import PLANES, Settings
from experiments.machine import peak_memory

ASKED = 500  # lines that a step predicts, whatever the acceleration
REPEATS = 3
MOST_LINES = 1.0


def measured(settings: Settings) -> pd.DataFrame:
    """Return the cost of a step, a row an acceleration, each in a process of its own."""
    rows = []
    for acceleration in (MOST_LINES, *settings.accelerations):
        with pool(1) as process:  # peak memory is that of a process
            rows.append(process.submit(step, settings, acceleration).result())
    return pd.DataFrame(rows)


def step(settings: Settings, acceleration: float) -> dict[str, float]:
    """Return seconds and peak memory of a forward and backward pass of the encoder, one study at a time."""
    torch.set_num_threads(1)
    data = opened(settings.cohort, PLANES)
    batch: Sample = data.scaled(next(iter(torch.utils.data.DataLoader(data.dataset(data.subjects["test"][:1]), 1))))
    width, narrow = settings.widths
    encoder = LineEncoder(settings.acquisition(acceleration), LinePositions(), 48, width, 3, width // 32)
    decoder = partial(CrossAttentionDecoder, width=narrow, depth=3, heads=narrow // 32)
    task = LinePretrainingTask(encoder, decoder)
    lines = task.acquire(batch)
    asked = torch.arange(lines.grid.tokens)[None, :: max(1, lines.grid.tokens // ASKED)]
    before, seconds = peak_memory(), []
    for _ in range(REPEATS):
        started = time.process_time()
        lines = task.acquire(batch)
        task.losses(lines, asked, task.predict_lines(lines, asked)).mean().backward()
        seconds.append(time.process_time() - started)
    return {
        "acceleration": acceleration,
        "lines": lines.visible.shape[1],
        "seconds": min(seconds),
        "MB": (peak_memory() - before) / 2**20,
    }
