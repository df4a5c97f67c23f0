"""How time and memory of our training step grow with the tokens of a study."""

from collections.abc import Sequence

from benchmarks.speed.random_studies import grid
from benchmarks.speed.step import our_cost
from benchmarks.speed.table import Row
from experiments.statistics import exponent


def rows(planes: Sequence[int], rounds: int) -> list[Row]:
    """Measure studies of each number of `planes`, one subject a step; patch, width and depth stay the same."""
    costs = [our_cost(count, 1, rounds) for count in planes]
    tokens = [grid(count).tokens for count in planes]
    time = exponent(tokens, [cost.seconds for cost in costs])
    memory = exponent(tokens, [cost.memory for cost in costs])
    return [
        *(
            Row(f"training, {size} tokens", "", f"{cost.seconds:.2f} s, {cost.memory / 1e9:.2f} GB")
            for size, cost in zip(tokens, costs, strict=True)
        ),
        Row("time grows with tokens to the power", "", f"{time:.2f}", "", "about 1"),
        Row("memory grows with tokens to the power", "", f"{memory:.2f}", "", "<= 1"),
    ]
