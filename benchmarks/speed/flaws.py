"""What training for missing and flawed planes adds to a step: choosing what is hidden, and making flaws."""

import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from benchmarks.machine import device, now
from benchmarks.step import our_cost
from benchmarks.subjects import random_subjects
from benchmarks.table import Row
from benchmarks.training import build

ADDITION = Path(__file__).parents[1] / "configs" / "additions" / "robust.yaml"
DRAWS = 12  # batches whose mean counts: how many planes are flawed differs from one to the next


def rows(planes: int, rounds: int) -> list[Row]:
    """Compare the time of masks and flaws with that of the whole step."""
    step = our_cost(planes, 1, rounds).seconds
    plain, robust = seconds(planes), seconds(planes, f"--config={ADDITION}")
    return [
        Row("masks of a step, share of its time", "", f"{plain / step:.2%}"),
        Row("... with flaws and every kind of plane dropout", "", f"{robust / step:.2%}", "", "<= 3 %"),
    ]


@torch.no_grad()
def seconds(planes: int, *more: str) -> float:
    """Return how long it takes on average to choose what a batch of one hides, and to make its flaws."""
    task: Any = build(planes, 1, more=more).model.to(device())
    batch = random_subjects(planes, 1)
    images, present, affine = (field.to(device()) for field in (batch.images, batch.present, batch.affine))
    batch = batch._replace(images=images.float() / 255, present=present, affine=affine)

    def prepare(number: int) -> None:
        named = batch._replace(subject=[f"{number:09d}"])
        task.flawed(named, task.mask(named, [number]))

    prepare(0)
    return statistics.mean(timed(prepare, number) for number in range(1, DRAWS + 1))


def timed(work: Callable[[int], None], number: int) -> float:
    """Return the seconds of one piece of work."""
    start = now(device())
    work(number)
    return now(device()) - start
