"""The table of errors of measures."""

from collections.abc import Sequence

import numpy as np

from cmr_ssl.report.tables import markdown
from experiments.measures.truth import Key

TITLES = ("measure", "where and when", "values", "truth", "bias", "mean error", "largest")


def summary(found: Sequence[dict[Key, tuple[float, float]]]) -> str:
    """Return a row a measure: how many values, mean truth, bias, and mean and largest absolute error."""
    pairs: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for one in found:
        for (name, segment, phase), pair in one.items():
            pairs.setdefault((name, f"{_group(name, segment)} {phase}"), []).append(pair)
    rows = []
    for where, values in pairs.items():
        true, error = np.array(values).T
        numbers = (true.mean(), error.mean(), np.abs(error).mean(), np.abs(error).max())
        rows.append([*where, len(true), *(f"{number:.2f}" for number in numbers)])
    return markdown(TITLES, rows, 2)


def _group(name: str, segment: str) -> str:
    """Return where a value was measured, segments being gathered by third."""
    if not name.startswith("wall"):
        return segment
    number = int(segment)
    return "basal" if number < 7 else "mid" if number < 13 else "apical" if number < 17 else "apex (17)"
