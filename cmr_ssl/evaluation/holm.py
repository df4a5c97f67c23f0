"""P-values of many tests at once."""

from collections.abc import Sequence


def holm(values: Sequence[float]) -> list[float]:
    """Return p-values adjusted for their number (Holm, Scand J Stat 1979), in the order given."""
    adjusted, largest = [0.0] * len(values), 0.0
    for rank, index in enumerate(sorted(range(len(values)), key=values.__getitem__)):
        largest = max(largest, min(1.0, (len(values) - rank) * values[index]))
        adjusted[index] = largest
    return adjusted
