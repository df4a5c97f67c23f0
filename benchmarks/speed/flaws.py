"""What training for missing and flawed planes adds to a step: choosing what is hidden, and making flaws."""

from typing import Any

import torch

from benchmarks.speed.random_studies import random_subjects
from benchmarks.speed.step import our_cost
from benchmarks.speed.table import Row
from benchmarks.speed.training import CONFIG, build
from experiments.machine import device, now

ADDITION = CONFIG.parent / "additions" / "robust.yaml"
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
def seconds(planes: int, *more: str, draws: int = DRAWS) -> float:
    """Return how long it takes on average to choose what a batch of one hides, and to make its flaws."""
    on = device()
    task: Any = build(planes, 1, more=more).model.to(on)
    batch = random_subjects(planes, 1)
    batch = batch._replace(
        images=batch.images.to(on).float() / 255, present=batch.present.to(on), affine=batch.affine.to(on)
    )
    ends = []
    for number in range(draws + 1):  # the first one warms up
        named = batch._replace(subject=[f"{number:09d}"])
        task.flawed(named, task.mask(named, [number]))
        ends.append(now(on))
    return (ends[-1] - ends[0]) / draws
