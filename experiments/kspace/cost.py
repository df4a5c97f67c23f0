"""What a step of an encoder of lines costs at each acceleration: seconds of one core, and memory."""

import resource
import time
from functools import partial
from pathlib import Path

import pandas as pd
import torch
from benchmarks.kspace.settings import PLANES, Settings

from cmr_ssl.kspace import LineEncoder, LinePositions
from cmr_ssl.models import CrossAttentionDecoder
from cmr_ssl.report.tables import write_csv
from cmr_ssl.sample import Sample
from cmr_ssl.tasks import LinePretrainingTask
from cmr_ssl.workers import pool

ASKED = 500  # lines that a step predicts, whatever the acceleration
REPEATS = 3
MOST_LINES = 1.0


def table_file(settings: Settings) -> Path:
    """Return where it stands, a row an acceleration."""
    return settings.folder / "cost.csv"


def measure_cost(settings: Settings) -> None:
    """Write the cost of a step, each acceleration in a process of its own; what is there stays."""
    if table_file(settings).exists():
        return
    rows = []
    for acceleration in (MOST_LINES, *settings.accelerations):
        with pool(1) as process:  # peak memory is that of a process
            rows.append(process.submit(step, settings, acceleration).result())
    write_csv(table_file(settings), pd.DataFrame(rows))


def step(settings: Settings, acceleration: float) -> dict[str, float]:
    """Return seconds and peak memory of a forward and backward pass of the encoder, one study at a time."""
    torch.set_num_threads(1)
    data = settings.opened(PLANES)
    batch: Sample = data.scaled(next(iter(torch.utils.data.DataLoader(data.dataset(data.subjects["test"][:1]), 1))))
    width, narrow = settings.widths
    encoder = LineEncoder(settings.acquisition(acceleration), LinePositions(), 48, width, 3, width // 32)
    decoder = partial(CrossAttentionDecoder, width=narrow, depth=3, heads=narrow // 32)
    task = LinePretrainingTask(encoder, decoder)
    lines = task.acquire(batch)
    asked = torch.arange(lines.grid.tokens)[None, :: max(1, lines.grid.tokens // ASKED)]
    before, seconds = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, []
    for _ in range(REPEATS):
        started = time.process_time()
        lines = task.acquire(batch)
        task.losses(lines, asked, task.predict_lines(lines, asked)).mean().backward()
        seconds.append(time.process_time() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "acceleration": acceleration,
        "lines": lines.visible.shape[1],
        "seconds": min(seconds),
        "MB": (peak - before) / 1024,
    }
