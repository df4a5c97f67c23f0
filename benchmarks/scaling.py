"""How time and memory of our training step grow with the tokens of a study."""

import math
from collections.abc import Sequence

from benchmarks.step import our_cost
from benchmarks.subjects import grid
from benchmarks.table import Row

SLOTS = (1, 2, 4, 8, 9)  # tokens grow with planes; patch, width and depth stay


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Return the slope of the straight line through the logarithms of positive `costs` over those of `sizes`."""
    x, y = [[math.log(value) for value in values] for values in (sizes, costs)]
    middle_x, middle_y = sum(x) / len(x), sum(y) / len(y)
    covariance = sum((a - middle_x) * (b - middle_y) for a, b in zip(x, y, strict=True))
    return covariance / sum((a - middle_x) ** 2 for a in x)
