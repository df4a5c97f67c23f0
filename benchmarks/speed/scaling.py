"""How time and memory of our training step grow with the tokens of a study."""

import math
from collections.abc import Sequence

from benchmarks.step import Cost, our_cost
from benchmarks.subjects import grid
from benchmarks.table import Row


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Return the slope of the straight line through the logarithms of positive `costs` over those of `sizes`."""
    x, y = ([math.log(value) for value in values] for values in (sizes, costs))
    middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
    covariance = sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True))
    return covariance / sum((a - middle_x) ** 2 for a in x)


def rows(planes: Sequence[int], rounds: int) -> list[Row]:
    """Measure studies of each number of `planes`, one subject a step; patch, width and depth stay the same."""
    costs = [our_cost(count, 1, rounds) for count in planes]
    tokens = [grid(count).tokens for count in planes]
    time = exponent(tokens, [cost.seconds for cost in costs])
    memory = exponent(tokens, [cost.memory for cost in costs])
    return [
        *(cost_row(size, cost) for size, cost in zip(tokens, costs, strict=True)),
        Row("time grows with tokens to the power", "", f"{time:.2f}", "", "about 1"),
        Row("memory grows with tokens to the power", "", f"{memory:.2f}", "", "<= 1"),
    ]


def cost_row(tokens: int, cost: Cost) -> Row:
    """Return the row of one size."""
    return Row(f"training, {tokens} tokens", "", f"{cost.seconds:.2f} s, {cost.memory / 1e9:.2f} GB")
