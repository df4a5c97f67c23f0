"""What was measured, one line of JSON each: a command that is cut leaves what it had."""

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

FILE = "results.jsonl"


class Found(NamedTuple):
    """One measurement: the part it belongs to, and its numbers and words by name."""

    part: str
    values: dict[str, Any]


def note(out: Path, part: str, values: dict[str, Any]) -> None:
    """Add one measurement to the results in `out`; what is not a number is null."""
    plain = {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in values.items()}
    with (out / FILE).open("a") as stream:
        stream.write(json.dumps({"part": part, **plain}) + "\n")


def read(out: Path) -> list[Found]:
    """Return the results in `out`, in their order."""
    found = (json.loads(line) for line in (out / FILE).read_text().splitlines())
    return [Found(values.pop("part"), values) for values in found]
