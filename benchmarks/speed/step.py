"""A step of pretraining beside that of the published design."""

from functools import cache, partial

from benchmarks.speed import published
from benchmarks.speed.cost import Cost, measure, memory_row, speed_row
from benchmarks.speed.table import Row
from benchmarks.speed.training import CONFIG, build, step_ends
from experiments.machine import device


def batches() -> tuple[int, ...]:
    """Return the batch sizes that ours is tried with."""
    return (8, 32) if device().type == "cuda" else (1, 2, 4)


@cache
def our_cost(planes: int, batch: int, rounds: int) -> Cost:
    """Return the cost of our step, remembered."""
    return measure(partial(step_ends, build), planes, batch, rounds)


def our_costs(planes: int, rounds: int) -> list[Cost]:
    """Return the cost of our step at each batch size."""
    return [our_cost(planes, batch, rounds) for batch in batches()]


def fastest(planes: int, rounds: int) -> Cost:
    """Return the cost at the batch size that gets through most subjects a second."""
    return max(our_costs(planes, rounds), key=lambda cost: cost.speed)


def architecture_cost(planes: int) -> Cost:
    """Return the cost of the published architecture in our precision, with our kernels and loader."""
    theirs = partial(build, config=CONFIG.with_name("pretraining_published.yaml"))
    return measure(partial(step_ends, theirs), planes, 1, 1)


def rows(planes: int, rounds: int) -> list[Row]:
    """Measure the published step before and after ours, so that a machine that slows down slows both."""
    before = measure(published.step_ends, planes, 1, 1)
    costs = our_costs(planes, rounds)
    after = measure(published.step_ends, planes, 1, 1)
    theirs = before._replace(seconds=(before.seconds + after.seconds) / 2)
    return [
        *(speed_row(f"training, batch {cost.batch}", theirs, cost, ">= 8 x") for cost in costs),
        speed_row("training, batch 1, the published in our precision", architecture_cost(planes), costs[0], ">= 2 x"),
        *(memory_row(f"training, batch {cost.batch}", theirs, cost, "<= 0.5") for cost in costs),
    ]
