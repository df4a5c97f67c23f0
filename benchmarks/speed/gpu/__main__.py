"""``python -m benchmarks.speed.gpu``: what a GPU makes of this project, in one command of nine minutes.

While the cores make synthetic hearts, the device is measured: its products, training and fine-tuning at the scale of
the paper beside the published design, reading, single studies. The rest of the time is one long pretraining, whose
checkpoints lie in OUT for `python -m experiments.evidence probe`. `--rehearse` runs all of it in little, also without a
GPU.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from benchmarks.speed.gpu.longest import kept, made
from benchmarks.speed.gpu.report import page
from benchmarks.speed.gpu.run import attempt, measure
from benchmarks.speed.gpu.settings import REHEARSAL, Settings

GOING = 40.0  # seconds kept for the checkpoints and the page


def parse() -> argparse.Namespace:
    """Return the options."""
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed.gpu", description=__doc__, formatter_class=shape)
    parser.add_argument("--rehearse", action="store_true", help="all of it in little: does it run?")
    parser.add_argument("--speed", action="store_true", help="measure only: no hearts, no pretraining")
    parser.add_argument("--minutes", type=float, help="for everything: 9, of a rehearsal 2")
    parser.add_argument("--workers", type=int, default=14, help="processes that make hearts")
    parser.add_argument("--out", type=Path, default=Path("gpu"), help="folder of the results and checkpoints")
    parser.add_argument("--folder", type=Path, default=Path("gpu"), help="folder of hearts and runs")
    parser.add_argument("--page", type=Path, default=Path("docs/gpu.md"), help="where the page goes")
    return parser.parse_args()


def beside(work: Callable[..., object], *arguments: object) -> BaseProcess:
    """Start some work in a process of its own."""
    process = get_context("spawn").Process(target=work, args=arguments)
    process.start()
    return process


def pretrain_beside(asked: argparse.Namespace, settings: Settings, start: float, end: float) -> None:
    """Measure for two fifths of the time while hearts are made, and pretrain for the rest."""
    hearts = beside(made, asked.folder, settings, asked.workers)
    measuring = beside(measure, asked.out, settings, start + 0.42 * (end + GOING - start))
    for process in (hearts, measuring):
        process.join()
        print(f"{time.time() - start:.0f} s", flush=True)
    if hearts.exitcode == 0:
        pretrain = partial(kept, asked.folder, settings, end - time.time(), asked.out)
        attempt(asked.out, "pretraining", pretrain)


def main() -> None:
    """Measure, pretrain, and write the page."""
    asked, start = parse(), time.time()
    settings = REHEARSAL if asked.rehearse else Settings()
    minutes = asked.minutes or (2.0 if asked.rehearse else 9.0)
    end = start + 60 * minutes - GOING
    asked.out.mkdir(parents=True, exist_ok=True)
    if asked.speed:
        measure(asked.out, settings, end)
    else:
        pretrain_beside(asked, settings, start, end)
    asked.page.parent.mkdir(parents=True, exist_ok=True)
    asked.page.write_text(page(asked.out) + "\n")
    print(f"{asked.page} says what came out.")


if __name__ == "__main__":
    main()
